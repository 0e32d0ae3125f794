import type { Call } from '../../demo/services/json-api.ts'
import { Unable } from '../figure.ts'
import { type BenchService, startBenchService } from '../service.ts'
import { type StandIn, startStandIn } from '../stand-in.ts'

const CONFIG =
  '<View><Text name="question" value="$question"/><TextArea name="answer" toName="question"/></View>'
/** A week's sample by default. */
export const TOTAL = 200

/** A service whose runs are measured from the call until they begin to import, with nothing to import to. */
export interface Scanning {
  service: BenchService
  standIn: StandIn
  /** Makes a monitor. @throws Unable where the service does not know its format */
  monitor(definition: ScanDefinition): Promise<void>
  scan(monitor: string, today: string): Promise<Scan>
}

export interface ScanDefinition {
  name: string
  source: Record<string, unknown>
  format: string
  by?: string
}

export interface Scan {
  /** From the call of `POST /runs` until the run's status is `importing`. */
  seconds: number
  /** From the call until the run was at work. */
  startMs: number
  /** Records seen. */
  records: number
}

/** Starts a service in a directory, which is its FILE_ROOT unless it gets another; stopped when `work` ends. */
export async function withScanning<T>(
  {
    directory,
    fileRoot = directory,
    env = {},
  }: { directory: string; fileRoot?: string; env?: Record<string, string> },
  work: (scanning: Scanning) => Promise<T>,
): Promise<T> {
  const standIn = await startStandIn()
  try {
    const service = await startBenchService({
      directory,
      labelStudio: standIn,
      env: { FILE_ROOT: fileRoot, ...env },
    })
    try {
      return await work({
        service,
        standIn,
        monitor: (definition) => makeMonitor(service.url, definition),
        scan: (monitor, today) => scan(service.call, standIn, monitor, today),
      })
    } finally {
      await service.stop()
    }
  } finally {
    await standIn.stop()
  }
}

async function makeMonitor(
  url: string,
  { name, source, format, by = 'date' }: ScanDefinition,
): Promise<void> {
  const response = await fetch(`${url}/monitors`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      ...{ name, source, format: { type: format } },
      sample: { total: TOTAL, by },
      labeling: { config: CONFIG },
    }),
  })
  if (response.ok) return
  const problem = await response.text()
  if (/"path":"\/?format/.test(problem))
    throw new Unable(`this version of the service reads no ${format} logs`)
  throw new Error(`POST /monitors answered ${response.status}: ${problem}`)
}

interface RunAnswer {
  id: string
  status: string
  started_at: string
  error: { message: string } | null
  progress: { records_seen: number }
}

async function scan(call: Call, standIn: StandIn, monitor: string, to: string): Promise<Scan> {
  const asked = standIn.asked()
  const calledAt = Date.now()
  const began = performance.now()
  const { id } = await call<RunAnswer>('POST', '/runs', { monitor, to, force: true })
  const watch = watchFailure(call, id)
  const ended = await Promise.race([asked, watch.failed]).finally(watch.stop)
  const run = await call<RunAnswer>('GET', `/runs/${id}`)
  await call('POST', `/runs/${id}/cancel`)
  if (run.status !== 'importing') throw new Error(`expected the run to be importing, it is ${run.status}`)
  return {
    seconds: (ended - began) / 1000,
    startMs: Date.parse(run.started_at) - calledAt,
    records: run.progress.records_seen,
  }
}

/** A run that fails would never ask; looks so rarely that it costs nothing. */
function watchFailure(call: Call, id: string): { failed: Promise<never>; stop: () => void } {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setInterval(async () => {
    const run = await call<RunAnswer>('GET', `/runs/${id}`).catch(reject)
    if (run?.error) reject(new Error(`the run failed: ${run.error.message}`))
  }, 2_000)
  return { failed: promise, stop: () => clearInterval(timer) }
}
