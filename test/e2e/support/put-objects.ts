import { PutObjectCommand } from '@aws-sdk/client-s3'
import type { S3 } from '../../../demo/services/s3.ts'
import type { LogObject } from './logs.ts'

/** Puts many objects, several at a time. */
export async function putObjects({ client }: S3, bucket: string, objects: LogObject[]): Promise<void> {
  const s3 = client()
  const waiting = objects.values()
  const work = async () => {
    for (const { key, body } of waiting) {
      await s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body }))
    }
  }
  await Promise.all(Array.from({ length: 16 }, work))
  s3.destroy()
}
