import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type Bench, cost, type Figure, type Measurement } from '../figure.ts'
import { type FileFormat, linkSampleFiles, type SampleFiles, writeSampleFiles } from '../sample-files.ts'
import { withScanning } from './scanning.ts'

const LIMIT_MB = 200
const SMALL_MB = 100
/** Of the logs that are not as most are. */
const OTHERS_GB = 1

type Kind = { name: string; format: FileFormat; gzip?: boolean; gb: number }

/** The peak memory of a service that has read much, beside that of one that has read little. */
export const memory: Measurement = {
  name: 'logs-memory',
  async measure(bench) {
    const gb = Math.min(OTHERS_GB, bench.memoryGb)
    return [
      await measureKind(bench, { name: 'logs-memory', format: 'template', gb: bench.memoryGb }),
      await measureKind(bench, { name: 'logs-memory-gzip', format: 'template', gzip: true, gb }),
      await measureKind(bench, { name: 'logs-memory-jsonl', format: 'jsonl', gb }),
    ]
  },
}

async function measureKind(bench: Bench, { name, gb, ...logs }: Kind): Promise<Figure> {
  const directory = join(bench.directory, name)
  const small = await writeSampleFiles({ ...logs, directory: join(directory, 'small'), mb: SMALL_MB })
  const large = await linkSampleFiles(small, join(directory, 'large'), Math.ceil((gb * 1000) / SMALL_MB))
  const peer = await peak(directory, logs.format, 'small', small)
  const ours = await peak(directory, logs.format, 'large', large)
  const idle = Math.max(peer.idleMb, ours.idleMb)
  const figure = cost({
    ...{ name, unit: 'MB', ours: [ours.peakMb], peer: [peer.peakMb] },
    against: `the same after ${SMALL_MB} MB of logs`,
    means: `peak of the process after ${gb} GB of ${logs.gzip ? 'gzip' : logs.format} logs; it has ${Math.round(idle)} MB when idle`,
  })
  return { ...figure, goal: memoryGoal(ours.peakMb) }
}

/** However much is read, and from where. */
export function memoryGoal(peakMb: number): NonNullable<Figure['goal']> {
  return { text: `< ${LIMIT_MB} MB`, met: peakMb < LIMIT_MB }
}

/** A new service for each: the peak is that of the whole life of a process. */
async function peak(fileRoot: string, format: FileFormat, path: string, files: SampleFiles) {
  const directory = join(fileRoot, `service-${path}`)
  await mkdir(directory)
  return withScanning({ directory, fileRoot }, async ({ monitor, scan, service }) => {
    const idleMb = await service.peakMb()
    await monitor({ name: 'bench', source: { type: 'file', path, key_pattern: files.keyPattern }, format })
    await scan('bench', files.today)
    return { idleMb, peakMb: await service.peakMb() }
  })
}
