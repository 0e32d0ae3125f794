import { join } from 'node:path'
import type { Run } from '../../../src/contract/types.ts'
import { type Rig, startRig } from '../rig/rig.ts'
import { type ExpectedSample, expectedSample } from './expected-sample.ts'
import { REVIEW_CONFIG } from './logs.ts'
import { MAX_RECORD_BYTES, type NineDays, nineDaysOfLogs } from './nine-days.ts'
import { putObjects } from './put-objects.ts'
import { readRunEvents } from './run-events.ts'
import { type RunningService, startService } from './service.ts'
import { todayForAMinute } from './today.ts'

/** The servers, the service, and a run that is over. */
export interface NineDaysRun {
  rig: Rig
  /** May be replaced by one that was started again. */
  service: RunningService
  logs: NineDays
  expected: ExpectedSample
  run: Run
  /** The run as its events told it. */
  events: Run[]
  stop(): Promise<void>
}

export const MONITOR = 'qa-model'
export const SEED = 20241112
const BUCKET = 'logs'

/** Starts everything on empty scratch directories, and does a run over the last seven of nine days of logs. */
export async function runOverNineDays(total: number, env: Record<string, string> = {}): Promise<NineDaysRun> {
  // Stricter than Label Studio as shipped: it refuses predictions that do not fit the labeling config.
  const rig = await startRig({ validatePredictions: true })
  let all: NineDaysRun | undefined
  const stop = async () => {
    try {
      await (all ?? { service }).service?.stop()
    } finally {
      await rig.stop()
    }
  }
  let service: RunningService | undefined
  try {
    const logs = nineDaysOfLogs(await todayForAMinute())
    await rig.s3.createBucket(BUCKET)
    await putObjects(rig.s3, BUCKET, logs.all)
    service = await startService(rig, { dataDir: join(rig.dir, 'service'), env })
    await service.call('POST', '/monitors', {
      name: MONITOR,
      title: 'QA model',
      source: {
        type: 's3',
        bucket: BUCKET,
        key_pattern: 'qalogs_{MM}:{DD}:{YY}.txt',
        credentials: { access_key_id: rig.s3.accessKeyId, secret_access_key: rig.s3.secretAccessKey },
      },
      format: { type: 'template', max_record_bytes: MAX_RECORD_BYTES },
      sample: { total },
      labeling: { config: REVIEW_CONFIG },
      notify: { emails: ['ml@example.org', 'ops@example.org'] },
    })
    const { id } = await service.call<Run>('POST', '/runs', { monitor: MONITOR, seed: SEED })
    const events = await readRunEvents(service.url, id)
    const run = await service.call<Run>('GET', `/runs/${id}`)
    const expected = expectedSample(logs.counted, { bucket: BUCKET, seed: SEED, total })
    all = { rig, service, logs, expected, run, events, stop }
    return all
  } catch (error) {
    await stop()
    throw error
  }
}
