import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type LabelStudio,
  type LabelStudioOptions,
  startLabelStudio,
} from '../../../demo/services/label-studio.ts'
import { type Call, labelStudioApi } from '../../../demo/services/label-studio-api.ts'
import { type S3, startS3 } from '../../../demo/services/s3.ts'
import type { Smtp } from '../../../demo/services/smtp.ts'
import { startTlsSmtp } from './tls-smtp.ts'

export type Rig = {
  labelStudio: LabelStudio
  /** Label Studio's API as its administrator. */
  call: Call
  s3: S3
  smtp: Smtp
  /** A scratch directory, gone after `stop`. */
  dir: string
  /** After `s3.stop()`: starts it again with the same objects at the same port. */
  restartS3(): Promise<void>
  /** After `smtp.stop()`: starts it again at the same port, with no messages. */
  restartSmtp(): Promise<void>
  stop(): Promise<void>
}

/** The three real servers that a run talks to, each empty, on free loopback ports. */
export async function startRig(options: Partial<LabelStudioOptions> = {}): Promise<Rig> {
  const dir = await mkdtemp(join(tmpdir(), 'lsm-e2e-'))
  const log = options.log ?? ((line: string) => console.log(line))
  const servers = [
    startLabelStudio({ dataDir: join(dir, 'label-studio'), log, ...options }),
    startS3({ dir: join(dir, 's3'), log }),
    startTlsSmtp(),
  ] as const
  try {
    const [labelStudio, s3, smtp] = await Promise.all(servers)
    const rig: Rig = {
      labelStudio,
      call: labelStudioApi(labelStudio.url, labelStudio.token),
      s3,
      smtp,
      dir,
      async restartS3() {
        rig.s3 = await startS3({ dir: join(dir, 's3'), port: Number(new URL(s3.endpoint).port), log })
      },
      async restartSmtp() {
        rig.smtp = await startTlsSmtp({ port: smtp.port })
      },
      async stop() {
        await Promise.all([labelStudio, rig.s3, rig.smtp].map((server) => server.stop()))
        await rm(dir, { recursive: true, force: true })
      },
    }
    return rig
  } catch (error) {
    const started = await Promise.allSettled(servers)
    await Promise.all(started.map((server) => server.status === 'fulfilled' && server.value.stop()))
    await rm(dir, { recursive: true, force: true })
    throw error
  }
}
