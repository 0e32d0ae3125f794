/** Installs Label Studio and the S3 server into the cache, so that the demo and the e2e tests start at once. */
import { prepareLabelStudio } from './label-studio.ts'
import { prepareS3 } from './s3.ts'

const log = (line: string) => console.log(line)
await Promise.all([prepareLabelStudio(log), prepareS3(log)])
log('Label Studio and the S3 server are ready to start')
