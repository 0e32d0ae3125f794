import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Logger } from 'pino'
import { deliverByMail, deliverByWebhook } from './alerts/deliver.ts'
import { createMailer } from './alerts/mail.ts'
import { createOutbox } from './alerts/outbox.ts'
import { createWatch } from './alerts/watch.ts'
import { createWebhookCaller } from './alerts/webhook.ts'
import { createFollowUpJobs } from './annotations/follow-up.ts'
import { createIntake } from './annotations/intake.ts'
import { createPolling } from './annotations/polling.ts'
import { createRetention } from './annotations/retention.ts'
import { createApp } from './app.ts'
import { listeningOn } from './config.ts'
import { readContractDocument } from './contract/document.ts'
import { type Database, openDatabase } from './db/database.ts'
import { migrate } from './db/migrate.ts'
import { migrations } from './db/migrations/index.ts'
import { readGauges } from './gauges.ts'
import { openQueue } from './jobs/queue.ts'
import type { ServiceConfig } from './kept-secret.ts'
import { createLabelStudio } from './labeling/client.ts'
import { createScanner } from './logs/scanner.ts'
import { roomByPace } from './memory.ts'
import { createMonitors } from './monitors/monitor.ts'
import { createPreview } from './monitors/preview.ts'
import { createReadiness } from './readiness.ts'
import { type Backoff, RUN_BACKOFF } from './runs/backoff.ts'
import { SHARDING, type Sharding } from './runs/scan.ts'
import { createRuns } from './runs/start.ts'
import { exportTraces } from './telemetry/export-traces.ts'
import { createMetrics } from './telemetry/metrics.ts'
import { createScrape } from './telemetry/scrape.ts'

export interface Service {
  /** Where it listens. */
  url: string
  /** Ends in order: no new requests, then the jobs, then the database. */
  stop(): Promise<void>
}

export interface ServiceOptions {
  config: ServiceConfig
  version: string
  log: Logger
  /** How a run sits out an outage. */
  backoff?: Backoff
  /** How logs are shared out. */
  sharding?: Sharding
}

/** How long requests and jobs may take to end before they are cut off. */
const REQUESTS_DEADLINE_MS = 5_000
const JOBS_DEADLINE_MS = 10_000
const IDLE_SWEEP_MS = 20

/** Starts the whole service: database, jobs, HTTP. Everything that it is made of is put together here. */
export async function startService(options: ServiceOptions): Promise<Service> {
  const ready = Promise.withResolvers<RequestListener>()
  // A request that comes before everything stands is answered, only later.
  const server = createServer(async (request, response) => (await ready.promise)(request, response))
  const port = await listen(server, options.config)
  const config = listeningOn(options.config, port)
  const { log } = options
  let database: Database | null = null
  let endTraces = async () => {}
  try {
    if (config.traces) endTraces = await exportTraces(config.traces.url, options.version)
    database = await openDatabase({ databaseUrl: config.databaseUrl, dataDir: config.dataDir, log })
    await migrate(database, migrations)
    log.info({ database: database.description }, 'the database is ready')
    const service = await assemble({ ...options, config }, database, server, ready.resolve)
    return { url: service.url, stop: () => service.stop().finally(endTraces) }
  } catch (error) {
    server.close()
    server.closeAllConnections()
    await database?.close()
    await endTraces()
    throw error
  }
}

async function assemble(
  { config, version, log, backoff = RUN_BACKOFF, sharding = SHARDING }: ServiceOptions,
  database: Database,
  server: Server,
  serve: (app: RequestListener) => void,
): Promise<Service> {
  const metrics = createMetrics(version)
  const labelStudio = createLabelStudio(
    config.labelStudio?.url ?? null,
    config.labelStudio?.apiKey ?? null,
    metrics.labelStudioCall,
  )
  const queue = openQueue({ database, log })
  const mailer = config.smtp ? createMailer(config.smtp) : null
  const monitors = createMonitors(database, config.secretKey)
  const call = createWebhookCaller({
    allowPrivate: config.allowPrivateUrls,
    userAgent: `label-studio-monitor/${version}`,
  })
  const deliver = { email: deliverByMail(mailer), webhook: deliverByWebhook(database, monitors, call) }
  const outbox = createOutbox({ database, queue, deliver, log })
  const watch = createWatch({
    database,
    outbox,
    labelStudioUrl: labelStudio.projectUrl,
    publicUrl: config.publicUrl,
    log,
  })
  const webhook = { url: `${config.publicUrl}/webhook`, secrets: config.webhookSecrets }
  const jobs = createFollowUpJobs({ database, labelStudio, webhook, queue }, log)
  const intake = createIntake(database, jobs, log, metrics, roomByPace())
  const polling = createPolling(database, jobs, config.reconcileInterval, log)
  const retention = createRetention(database, config.eventRetentionDays, log)
  const sources = {
    fileRoot: config.fileRoot,
    s3Endpoint: config.s3.endpoint,
    s3Region: config.s3.region,
    observe: metrics.sourceCall,
    maxExpansion: config.maxExpansion,
    moduleRoot: config.moduleRoot,
    allowPrivateUrls: config.allowPrivateUrls,
  }
  const scanner = createScanner({ noteCall: metrics.noteSourceCall })
  const now = () => new Date()
  const runs = createRuns({
    database,
    labelStudio,
    outbox,
    queue,
    sources,
    scanner,
    sharding,
    openDefinition: monitors.open,
    findMonitor: monitors.find,
    publicUrl: config.publicUrl,
    webhook,
    backoff,
    now,
    log,
  })
  const readiness = createReadiness({ database, labelStudio, config })
  const app = createApp({
    config,
    document: readContractDocument(),
    database,
    labelStudio,
    webhook,
    intake,
    monitors,
    runs,
    preview: createPreview({ labelStudio, sources, now }),
    readiness,
    scrape: createScrape(metrics.registry, () => readGauges(database), {
      onError: (error) => log.warn({ err: error }, 'the gauges of /metrics can not be read'),
    }),
    metrics,
    version,
    log,
  })

  await queue.start()
  await runs.resume()
  intake.start()
  watch.start()
  polling.start()
  retention.start()
  serve(app)
  // Nobody waits for it: a wrong key is else first heard of from the first run.
  void readiness().then((checks) => {
    for (const { name, problem } of checks) if (problem !== null) log.warn({ check: name }, problem)
  })

  return {
    url: `http://${config.host.includes(':') ? `[${config.host}]` : config.host}:${config.port}`,
    async stop() {
      polling.stop()
      await close(server)
      await intake.stop()
      await watch.stop()
      await retention.stop()
      await queue.stop({ deadlineMs: JOBS_DEADLINE_MS })
      await scanner.close()
      mailer?.close()
      await database.close()
    },
  }
}

/** Takes the port before anything else, so that a taken one is known before a database is started. @returns the port */
async function listen(server: Server, { host, port }: { host: string; port: number }): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
  return (server.address() as AddressInfo).port
}

async function close(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  // A connection whose answer was under way is idle only after it, and would hold the server for as long as it is kept.
  const sweep = setInterval(() => server.closeIdleConnections(), IDLE_SWEEP_MS)
  const deadline = setTimeout(() => server.closeAllConnections(), REQUESTS_DEADLINE_MS)
  await closed
  clearInterval(sweep)
  clearTimeout(deadline)
}
