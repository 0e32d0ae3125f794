import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type Bench, cost, type Measurement } from '../figure.ts'
import { linkSampleFiles, type SampleFiles, writeSampleFiles } from '../sample-files.ts'
import { withScanning } from './scanning.ts'

const LIMIT_MB = 200
const SMALL_MB = 100

/** The peak memory of a service that has read much, beside that of one that has read little. */
export const memory: Measurement = {
  name: 'logs-memory',
  async measure(bench) {
    const directory = join(bench.directory, 'logs')
    const small = await writeSampleFiles({
      directory: join(directory, 'small'),
      format: 'template',
      mb: SMALL_MB,
    })
    const times = Math.ceil((bench.memoryGb * 1000) / SMALL_MB)
    const large = await linkSampleFiles(small, join(directory, 'large'), times)
    const peer = await peak(bench, 'small', small)
    const ours = await peak(bench, 'large', large)
    const idle = Math.max(peer.idleMb, ours.idleMb)
    const figure = cost({
      name: 'logs-memory',
      unit: 'MB',
      against: `the same after ${SMALL_MB} MB of logs`,
      ours: [ours.peakMb],
      peer: [peer.peakMb],
      means: `peak of the process after ${bench.memoryGb} GB of logs; it has ${Math.round(idle)} MB when idle`,
    })
    return [{ ...figure, goal: { text: `< ${LIMIT_MB} MB`, met: figure.ours < LIMIT_MB } }]
  },
}

/** A new service for each: the peak is that of the whole life of a process. */
async function peak(bench: Bench, path: string, files: SampleFiles) {
  const directory = join(bench.directory, `service-${path}`)
  await mkdir(directory)
  return withScanning(
    { directory, fileRoot: join(bench.directory, 'logs') },
    async ({ monitor, scan, service }) => {
      const idleMb = await service.peakMb()
      const source = { type: 'file', path, key_pattern: files.keyPattern }
      await monitor({ name: 'bench', source, format: 'template' })
      await scan('bench', files.today)
      return { idleMb, peakMb: await service.peakMb() }
    },
  )
}
