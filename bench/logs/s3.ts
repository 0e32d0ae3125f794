import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { GetObjectCommand, ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3'
import { startS3 } from '../../demo/services/s3.ts'
import { type Bench, cost, inTurn, type Measurement, timed, Unable } from '../figure.ts'
import { writeSampleFiles } from '../sample-files.ts'
import { memoryGoal } from './memory.ts'
import { withScanning } from './scanning.ts'

const BUCKET = 'logs'
/** As many objects at a time as a run reads. */
const AT_A_TIME = 2

/** Reading from a real S3 server, beside reading the same objects with the same client and doing nothing with them. */
export const s3Logs: Measurement = {
  name: 'logs-s3',
  async measure(bench) {
    const s3 = await server(bench)
    try {
      const directory = join(bench.directory, 'logs')
      const files = await writeSampleFiles({ directory, format: 'template', mb: bench.mb })
      await s3.createBucket(BUCKET)
      for (const path of files.paths) await s3.putObjects(BUCKET, [[basename(path), await readFile(path)]])
      return await withScanning(bench, async ({ monitor, scan, service }) => {
        const credentials = { access_key_id: s3.accessKeyId, secret_access_key: s3.secretAccessKey }
        const { endpoint, region } = s3
        const source = {
          type: 's3',
          bucket: BUCKET,
          key_pattern: files.keyPattern,
          endpoint,
          region,
          credentials,
        }
        await monitor({ name: 'bench', source, format: 'template' })
        const client = s3.client()
        const times = await inTurn(bench.runs, {
          ours: async () => (await scan('bench', files.today)).seconds,
          peer: () => timed(() => drain(client)),
        })
        client.destroy()
        const peakMb = await service.peakMb()
        return [
          cost({
            ...{ name: 'logs-s3', unit: 's', atLeast: 0.9, ...times },
            against: 'the same client, bytes thrown away',
            means:
              'template logs from a real S3 server (SeaweedFS), from POST /runs until it begins to import',
          }),
          {
            ...{ name: 'logs-s3-memory', unit: 'MB', ours: peakMb, peer: null, against: '', ratio: null },
            goal: memoryGoal(peakMb),
            means: 'peak of the process after these runs',
          },
        ]
      })
    } finally {
      await s3.stop()
    }
  },
}

async function server(bench: Bench) {
  return startS3({ dir: join(bench.directory, 's3'), log: bench.log }).catch((error) => {
    throw new Unable(`an S3 server can't be started: ${(error as Error).message}`)
  })
}

async function drain(client: S3Client): Promise<void> {
  const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: BUCKET }))
  const waiting = Contents.values()
  const work = async () => {
    for (const { Key } of waiting) {
      const { Body } = await client.send(new GetObjectCommand({ Bucket: BUCKET, Key }))
      for await (const _ of Body as AsyncIterable<Uint8Array>) {
      }
    }
  }
  await Promise.all(Array.from({ length: AT_A_TIME }, work))
}
