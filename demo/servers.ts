import { join } from 'node:path'
import { dataDir } from './home.ts'
import type { Log } from './services/cache.ts'
import { type LabelStudio, startLabelStudio } from './services/label-studio.ts'
import { type Mailbox, startMailbox } from './services/mailbox.ts'
import { freePort } from './services/ports.ts'
import { type S3, startS3 } from './services/s3.ts'
import { type ServiceProcess, startServiceProcess } from './services/service.ts'
import { type Smtp, startSmtp } from './services/smtp.ts'

/** Where a person looks first; each is taken only when it is free. */
const ports = { labelStudio: 8080, s3: 8333, mailbox: 1080, service: 9090 }

/** What runs, for as long as the demo does. */
export type Running = {
  /** Stopped at the end, the last first. */
  stopping: AsyncDisposableStack
  /** Called with a sentence when a server ends by itself. */
  onEnd: (why: string) => void
}

export type Servers = { labelStudio: LabelStudio; s3: S3; smtp: Smtp; mailbox: Mailbox }

/** Starts what the service works with, all at once and empty, with its files in `home`. */
export async function startServers(home: string, { stopping, onEnd }: Running, log: Log): Promise<Servers> {
  const startLs = async () => {
    const port = await freePort(ports.labelStudio)
    const labelStudio = await startLabelStudio({ dataDir: join(home, 'label-studio'), port, log })
    stopping.defer(() => labelStudio.stop())
    labelStudio.ended.then(onEnd)
    return labelStudio
  }
  const startStore = async () => {
    const s3 = await startS3({ dir: join(home, 's3'), port: await freePort(ports.s3), log })
    stopping.defer(() => s3.stop())
    s3.ended.then(onEnd)
    return s3
  }
  const startMail = async () => {
    const smtp = await startSmtp()
    stopping.defer(() => smtp.stop())
    const mailbox = await startMailbox(smtp.messages, ports.mailbox)
    stopping.defer(() => mailbox.stop())
    return { smtp, mailbox }
  }
  const [labelStudio, s3, mail] = await Promise.all([startLs(), startStore(), startMail()])
  return { labelStudio, s3, ...mail }
}

/** Starts the service as `npm start` does, with its database in `home`. */
export async function startMonitorService(
  home: string,
  { stopping, onEnd }: Running,
  { labelStudio, smtp }: Servers,
): Promise<ServiceProcess> {
  const service = startServiceProcess({
    port: await freePort(ports.service),
    env: {
      LABEL_STUDIO_URL: labelStudio.url,
      LABEL_STUDIO_API_KEY: labelStudio.token,
      SMTP_URL: smtp.url,
      SMTP_FROM: 'monitor@example.org',
      DATA_DIR: dataDir(home),
    },
    cwd: home,
    logFile: join(home, 'service.log'),
  })
  stopping.defer(() => service.stop())
  service.ended.then(onEnd)
  await service.ready
  return service
}
