import { readdir, readFile, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { type Call, jsonApi } from '../demo/services/json-api.ts'
import { freePort } from '../demo/services/ports.ts'
import { startServiceProcess } from '../demo/services/service.ts'
import { Unable } from './figure.ts'

/** What Label Studio presents. */
export const WEBHOOK_SECRET = 'bench-webhook-secret'

export interface BenchService {
  url: string
  call: Call
  dataDir: string
  /** Of the service's own process. */
  pid(): Promise<number>
  /** The most memory that the service's own process has held since its start, in MB; its database's are others. */
  peakMb(): Promise<number>
  stop(): Promise<void>
}

/** Starts the service as users do, in a process of its own, with an embedded database in `directory`. */
export async function startBenchService(options: {
  directory: string
  labelStudio: { url: string; token?: string }
  env?: Record<string, string>
}): Promise<BenchService> {
  const { directory, labelStudio, env = {} } = options
  const dataDir = join(directory, 'data')
  const service = startServiceProcess({
    port: await freePort(),
    env: {
      DATA_DIR: dataDir,
      FILE_ROOT: directory,
      LABEL_STUDIO_URL: labelStudio.url,
      LABEL_STUDIO_API_KEY: labelStudio.token ?? '0'.repeat(40),
      WEBHOOK_SECRET,
      // what happens meanwhile should be what is measured
      RECONCILE_INTERVAL: '0',
      LOG_LEVEL: 'warn',
      ...env,
    },
    cwd: directory,
    logFile: join(directory, 'service.log'),
  })
  await service.ready
  return {
    url: service.url,
    call: jsonApi(service.url),
    dataDir,
    pid: () => nodeBelow(service.pid),
    peakMb: async () => peakMb(await nodeBelow(service.pid)),
    stop: service.stop,
  }
}

/** The process that runs this program's Node among the children of `parent`. */
async function nodeBelow(parent: number): Promise<number> {
  for (const name of await readdir('/proc').catch(() => [])) {
    if (!/^\d+$/.test(name)) continue
    const status = await readFile(`/proc/${name}/status`, 'utf8').catch(() => '')
    if (!status.includes(`\nPPid:\t${parent}\n`)) continue
    if ((await readlink(`/proc/${name}/exe`).catch(() => '')) === process.execPath) return Number(name)
  }
  throw new Unable('the memory of a process can be read only where there is /proc')
}

async function peakMb(pid: number): Promise<number> {
  const peak = /^VmHWM:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]
  if (peak === undefined) throw new Unable('this kernel does not tell the peak memory of a process')
  return Number(peak) * 1024e-6
}
