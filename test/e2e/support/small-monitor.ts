import type { Rig } from '../rig/rig.ts'
import { logObject, REVIEW_CONFIG, record } from './logs.ts'
import { putObjects } from './put-objects.ts'

export const SMALL = { bucket: 'small', from: '2024-11-12', to: '2024-11-12', total: 6, seed: 5 }

/** One day of logs, in a bucket of their own. */
export async function putSmallLogs({ s3 }: Rig) {
  const log = logObject(
    'qalogs_11:12:24.txt',
    Array.from({ length: 30 }, (_, number) => record(number, '2024-11-12', 'v1')),
  )
  await s3.createBucket(SMALL.bucket)
  await putObjects(s3, SMALL.bucket, [log])
  return [log]
}

/** A monitor of these logs; its mails go to `NAME@example.org`. */
export function smallMonitor({ s3 }: Rig, name: string, source: Record<string, unknown> = {}) {
  return {
    name,
    source: {
      type: 's3',
      bucket: SMALL.bucket,
      key_pattern: 'qalogs_{MM}:{DD}:{YY}.txt',
      credentials: { access_key_id: s3.accessKeyId, secret_access_key: s3.secretAccessKey },
      ...source,
    },
    sample: { total: SMALL.total, seed: SMALL.seed },
    labeling: { config: REVIEW_CONFIG },
    notify: { emails: [`${name}@example.org`] },
  }
}
