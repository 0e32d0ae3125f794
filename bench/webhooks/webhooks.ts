import { Agent, request } from 'node:http'
import type { Database } from '../../src/db/database.ts'
import { withDatabase } from '../database.ts'
import { cost, type Entry, inTurn, type Measurement, median, percentile, rate } from '../figure.ts'
import { fillProject } from '../project.ts'
import { type BenchService, startBenchService, WEBHOOK_SECRET } from '../service.ts'
import { startStandIn } from '../stand-in.ts'
import { annotationsCreated } from './event.ts'
import { closedLoop, openLoop } from './load.ts'
import { openSender, type Sender } from './sender.ts'

const PROJECT = 1
const PER_SECOND = 200
const CLIENTS = 16
const LIMIT_MS = 25
/** More events than any machine so far took; each needs a task of its own. */
const MOST_PER_SECOND = 12_000

/** Events: how soon they are durable, how many a second, and how soon the evaluation knows them. */
export const webhooks: Measurement = {
  name: 'webhooks',
  async measure({ directory, quick, runs }) {
    const labelStudio = await startStandIn()
    const service = await startBenchService({ directory, labelStudio })
    try {
      return await withDatabase(service.dataDir, async (database) => {
        const seconds = quick ? 1 : 10
        const options = { database, service, runs, seconds, burstSeconds: seconds / 2 }
        const eachRound = 2 * PER_SECOND * seconds + MOST_PER_SECOND * options.burstSeconds
        const most = Math.ceil((runs + 1) * eachRound) // one round does not count
        await fillProject(database, PROJECT, most)
        await database.pool.query('create table bare (like events including all)')
        const next = nextEvent(most)
        const senders = sendersTo(service, next)
        return [
          ...(await latency('webhooks, new connections', senders.connecting, options)),
          ...(await latency('webhooks, kept connections', senders.keeping, options)),
          ...(await throughput(next, options)),
        ]
      })
    } finally {
      await service.stop()
      await labelStudio.stop()
    }
  },
}

interface Options {
  database: Database
  service: BenchService
  runs: number
  /** At the steady rate. */
  seconds: number
  /** As fast as events are taken. */
  burstSeconds: number
}

async function latency(
  name: string,
  send: () => Promise<void>,
  { database, service, runs, seconds }: Options,
): Promise<Entry[]> {
  const lags: number[][] = []
  const load = { perSecond: PER_SECOND, seconds }
  const times = await inTurn(runs, {
    ours: async () => {
      const { rows } = await database.pool.query('select coalesce(max(id), 0) as last from events')
      const latencies = await openLoop(load, send)
      lags.push(await lagsAfter(database, rows[0].last))
      return latencies
    },
    peer: () => openLoop(load, () => database.pool.query(BARE)),
  })
  await assertCounted(database, service)
  const at = (share: number) => ({
    unit: 'ms',
    against: 'bare inserts at the same rate',
    ours: times.ours.map((values) => percentile(values, share)),
    peer: times.peer.map((values) => percentile(values, share)),
  })
  const means = `at ${PER_SECOND} events/s, from due to durable and acknowledged`
  const p99 = cost({ ...at(0.99), name: `${name}, p99`, means })
  const lag = lags.slice(1).map((values) => percentile(values, 0.99))
  return [
    cost({ ...at(0.5), name: `${name}, p50`, means }),
    { ...p99, goal: { text: `< ${LIMIT_MS} ms`, met: p99.ours < LIMIT_MS } },
    {
      ...{
        name: `${name}, lag p99`,
        unit: 'ms',
        ours: percentile(lag, 0.5),
        peer: null,
        against: '',
        ratio: null,
      },
      means: 'from durable until the evaluation has it',
    },
  ]
}

async function throughput(
  next: () => Buffer,
  { database, service, runs, burstSeconds }: Options,
): Promise<Entry[]> {
  const load = { clients: CLIENTS, seconds: burstSeconds }
  const whole: number[] = []
  const each = Array.from({ length: CLIENTS })
  const sessions = await Promise.all(each.map(() => database.session('bare')))
  const bare = (client: number) => (sessions[client] as (typeof sessions)[0]).query(BARE)
  const rates = await inTurn(runs, {
    ours: async () => {
      const senders = await Promise.all(each.map(() => openSender(service)))
      const began = performance.now()
      const rate = await closedLoop(load, (client) => (senders[client] as Sender).send(next()))
      for (const sender of senders) sender.end()
      const sent = (rate * (performance.now() - began)) / 1000
      await lagsAfter(database, 0)
      whole.push(sent / ((performance.now() - began) / 1000))
      return rate
    },
    peer: () => closedLoop(load, bare),
    alone: () => closedLoop({ ...load, clients: 1 }, bare),
  })
  for (const session of sessions) await session.end()
  await assertCounted(database, service)
  const acknowledged = {
    ...{ name: 'webhooks, throughput', unit: 'events/s', ours: rates.ours },
    means: `${CLIENTS} senders, durable and acknowledged; what they mean is worked out meanwhile and afterwards`,
  }
  return [
    rate({ ...acknowledged, peer: rates.peer, atLeast: 0.5, against: `bare inserts by ${CLIENTS} clients` }),
    rate({ ...acknowledged, peer: rates.alone, against: 'bare inserts by one client, one after another' }),
    {
      ...{ name: 'webhooks, worked out', unit: 'events/s', ours: median(whole.slice(1)), peer: null },
      ...{ against: '', ratio: null, means: 'the same, until the evaluation has the last of them' },
    },
  ]
}

/** Each is about another task, of which there are so many. */
function nextEvent(tasks: number): () => Buffer {
  const bodyOf = annotationsCreated(PROJECT)
  let task = 0
  return () => {
    task += 1
    if (task > tasks)
      throw new Error(`more than ${tasks} events were taken: expected at most ${MOST_PER_SECOND} a second`)
    return bodyOf(task)
  }
}

/** Two ways to send the next event. */
function sendersTo({ url }: BenchService, next: () => Buffer) {
  const sender = (agent: Agent) => async () => {
    const body = next()
    const headers = {
      'content-type': 'application/json',
      'content-length': body.length,
      'x-webhook-secret': WEBHOOK_SECRET,
    }
    const status = await new Promise((resolve, reject) => {
      const sent = request(`${url}/webhook`, { method: 'POST', agent, headers }, (response) => {
        response.resume().once('end', () => resolve(response.statusCode))
      })
      sent.once('error', reject).end(body)
    })
    if (status !== 202) throw new Error(`expected the event to be accepted with 202, got ${status}`)
  }
  return {
    /** As Label Studio does. */
    connecting: sender(new Agent({ keepAlive: false })),
    keeping: sender(new Agent({ keepAlive: true })),
  }
}

/** Puts an event's body into a table of the same database, and no more; a prepared statement, as the service's. */
const BARE = {
  name: 'bare',
  text: 'insert into bare (action, project_id, body) values ($1, $2, $3)',
  values: ['', PROJECT, annotationsCreated(PROJECT)(1)],
}

/** Waits until all events are processed; answers, for those after `last`, how long each waited for it, in ms. */
async function lagsAfter({ pool }: Database, last: number): Promise<number[]> {
  for (;;) {
    const open = await pool.query('select 1 from events where processed_at is null limit 1')
    if (open.rowCount === 0) break
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  const { rows } = await pool.query(
    `select 1000 * extract(epoch from processed_at - received_at)::float as lag from events where id > $1`,
    [last],
  )
  return rows.map(({ lag }) => lag)
}

/** Fast is worth nothing where an event got lost on the way. */
async function assertCounted({ pool }: Database, { call }: BenchService): Promise<void> {
  const { rows } = await pool.query('select count(*) as sent from events')
  const { coverage } = await call<{ coverage: { reviewed: number } }>('GET', `/evaluations/${PROJECT}`)
  if (coverage.reviewed === rows[0].sent) return
  throw new Error(`${rows[0].sent} events were accepted, but ${coverage.reviewed} tasks count as reviewed`)
}
