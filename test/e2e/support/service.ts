import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { startChild, waitUntilReady } from '../../../demo/services/child.ts'
import { freePort } from '../../../demo/services/ports.ts'
import type { Evaluation, Run, RunInput } from '../../../src/contract/types.ts'
import { runningServer, stopServer } from '../../../src/db/postmaster.ts'
import type { Rig } from '../rig/rig.ts'
import { certificateFile } from '../rig/tls-smtp.ts'

/** What Label Studio presents to the service in all tests. */
export const WEBHOOK_SECRET = 'e2e-webhook-secret'

export interface Answer {
  status: number
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  body: any
}

export interface RunningService {
  url: string
  port: number
  dataDir: string
  logFile: string
  /** One call of the API; any status is an answer. */
  request(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>
  /** One call of the API; throws when the status is not 2xx. */
  call<T>(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<T>
  /** Starts a run and waits until it is over, or `waitS` have passed. */
  run(input: RunInput, waitS?: number): Promise<Run>
  /** The run as it is, as soon as `isSo` of it; throws after `timeoutMs`. */
  runThat(id: string, isSo: (run: Run) => boolean, timeoutMs: number): Promise<Run>
  evaluation(project: number): Promise<Evaluation>
  /** Resolves when it answers; rejects when it ends before. */
  ready: Promise<void>
  /** SIGKILL to the process; its database server lives on, as after any such death. */
  kill(): Promise<void>
  /** Its process and those that it started, but for the database's. */
  group: number
  /** SIGTERM alone. @returns how it ended, when it has */
  terminate(): Promise<string>
  /** SIGTERM; resolves when the process and its database server are gone. Throws when one of them stays. */
  stop(): Promise<void>
}

export interface ServiceOptions {
  /** Kept between starts: database and secrets. */
  dataDir: string
  port?: number
  /** Settings besides those that reach the rig; an empty text takes one away. */
  env?: Record<string, string>
  /** `service` (default): as users start it. `impatient`: sits out an outage for seconds instead of minutes. */
  program?: 'service' | 'impatient'
  /** A program that runs the service, with its arguments, e.g. in a mount namespace. */
  within?: string[]
}

/** What the service talks to, of a rig. */
export interface Servers {
  labelStudio: Pick<Rig['labelStudio'], 'url' | 'token'>
  s3: Pick<Rig['s3'], 'endpoint'>
  smtp: Pick<Rig['smtp'], 'url'>
}

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const PROGRAMS = {
  service: [join(ROOT, 'bin/label-studio-monitor.mjs'), 'serve'],
  impatient: [fileURLToPath(new URL('./impatient-service.ts', import.meta.url))],
}

/** Starts the service and waits until it answers. */
export async function startService(rig: Servers, options: ServiceOptions): Promise<RunningService> {
  const service = await launchService(rig, options)
  await service.ready
  return service
}

/** Launches the service as a process of its own with an embedded database, set up for the servers of the rig. */
export async function launchService(rig: Servers, options: ServiceOptions): Promise<RunningService> {
  const { dataDir, program = 'service' } = options
  const port = options.port ?? (await freePort())
  await mkdir(dataDir, { recursive: true })
  const logFile = join(dataDir, 'service.log')
  const [command = '', ...args] = [...(options.within ?? []), process.execPath, ...PROGRAMS[program]]
  const child = startChild({
    command,
    args,
    env: withoutEmpty({
      PATH: process.env.PATH ?? '',
      PORT: String(port),
      DATA_DIR: dataDir,
      LABEL_STUDIO_URL: rig.labelStudio.url,
      LABEL_STUDIO_API_KEY: rig.labelStudio.token,
      SMTP_URL: rig.smtp.url,
      SMTP_FROM: 'Label Studio Monitor <monitor@example.com>',
      NODE_EXTRA_CA_CERTS: certificateFile,
      AWS_ENDPOINT_URL_S3: rig.s3.endpoint,
      WEBHOOK_SECRET,
      ...options.env,
    }),
    cwd: dataDir,
    logFile,
  })
  const url = `http://127.0.0.1:${port}`
  const ready = waitUntilReady(child, async () => (await fetch(`${url}/health`)).ok, {
    name: 'The service',
    timeoutMs: 60_000,
  })
  // Who kills it before does not wait for it.
  ready.catch(() => {})
  const data = join(dataDir, 'postgres', 'data')
  return {
    url,
    port,
    dataDir,
    logFile,
    ready,
    ...callsTo(url),
    group: child.pid,
    kill: () => child.kill(),
    terminate() {
      process.kill(-child.pid, 'SIGTERM')
      return child.ended
    },
    async stop() {
      await child.stop(25_000)
      const leftOver = await runningServer(data)
      if (leftOver === null) return
      await stopServer(data)
      const log = (await readFile(logFile, 'utf8')).trimEnd().split('\n').slice(-20).join('\n')
      throw new Error(`the service left its database server ${leftOver} behind; its log ends:\n${log}`)
    },
  }
}

function callsTo(url: string) {
  const request: RunningService['request'] = async (method, path, body, headers = {}) => {
    const response = await fetch(url + path, {
      method,
      headers: { 'content-type': typeof body === 'string' ? 'text/plain' : 'application/json', ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const text = await response.text()
    const isJson = response.headers.get('content-type')?.includes('json')
    return { status: response.status, body: isJson && text ? JSON.parse(text) : text }
  }
  const call: RunningService['call'] = async (method, path, body, headers) => {
    const answer = await request(method, path, body, headers)
    if (answer.status >= 200 && answer.status < 300) return answer.body
    throw new Error(`${method} ${path} answered ${answer.status}: ${JSON.stringify(answer.body)}`)
  }
  return {
    request,
    call,
    run: (input: RunInput, waitS = 120) => call<Run>('POST', '/runs', input, { prefer: `wait=${waitS}` }),
    async runThat(id: string, isSo: (run: Run) => boolean, timeoutMs: number) {
      for (const giveUpAt = Date.now() + timeoutMs; ; await sleep(50)) {
        const run = await call<Run>('GET', `/runs/${id}`)
        if (isSo(run)) return run
        if (Date.now() > giveUpAt) {
          throw new Error(`the run is not as expected after ${timeoutMs} ms: ${JSON.stringify(run)}`)
        }
      }
    },
    evaluation: (project: number) => call<Evaluation>('GET', `/evaluations/${project}`),
  }
}

function withoutEmpty(env: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''))
}
