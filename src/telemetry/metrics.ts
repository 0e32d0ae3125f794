import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { noteCalls, type Observe, type ObservedCall } from './observe.ts'
import { inSpan } from './trace.ts'

/** What this process has done, counted and timed for Prometheus. */
export interface Metrics {
  readonly registry: Registry
  /** @param route the path as in openapi.yaml, which holds no ids */
  request(facts: { method: string; route: string; status: number; seconds: number }): void
  eventsReceived(actions: readonly string[], outcome: 'stored' | 'refused'): void
  /** @param lag seconds from an event's arrival until the numbers had moved */
  eventProcessed(action: string, outcome: 'applied' | 'put_aside' | 'no_project', lag: number): void
  /** Sees calls of Label Studio; each is a span of a trace as well. */
  labelStudioCall: Observe
  /** Sees calls of log sources. */
  sourceCall: Observe
  /** Counts one that was seen elsewhere. */
  noteSourceCall(call: ObservedCall): void
}

export const PREFIX = 'label_studio_monitor_'

/** In seconds: most requests take milliseconds, an import of 5,000 tasks minutes. */
const REQUEST_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]
const CALL_BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300]
/** In seconds: what a process away for a day left behind counts as well. */
const LAG_BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600, 3_600, 86_400]

/** Whoever holds the webhook secret names the actions; a name that Label Studio does not have is `other`. */
const ACTIONS =
  /^(ANNOTATIONS?_(CREATED|UPDATED|DELETED)|(TASKS|PROJECT|LABEL_LINK)_(CREATED|UPDATED|DELETED))$/

/** Makes the counters of one process, in a registry of their own. */
export function createMetrics(version: string): Metrics {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  const histogram = (name: string, help: string, labelNames: string[], buckets: number[]) =>
    new Histogram({ name: PREFIX + name, help, labelNames, buckets, registers })
  const counter = (name: string, help: string, labelNames: string[]) =>
    new Counter({ name: PREFIX + name, help, labelNames, registers })

  new Gauge({
    name: `${PREFIX}build_info`,
    help: 'Always 1; the labels tell the version.',
    labelNames: ['version', 'node'],
    registers,
  }).set({ version, node: process.versions.node }, 1)

  const requests = histogram(
    'http_request_duration_seconds',
    'Requests answered, by the route of the contract.',
    ['method', 'route', 'status'],
    REQUEST_BUCKETS,
  )
  const received = counter('events_received_total', 'Events that came from Label Studio.', [
    'action',
    'outcome',
  ])
  const processed = counter('events_processed_total', 'Stored events that were worked out.', [
    'action',
    'outcome',
  ])
  const lag = histogram(
    'event_lag_seconds',
    'From the arrival of an event until the numbers had moved.',
    [],
    LAG_BUCKETS,
  )
  const calls = (service: string, help: string) => {
    const durations = histogram(
      `${service}_call_duration_seconds`,
      help,
      ['operation', 'status'],
      CALL_BUCKETS,
    )
    const note = ({ operation, status, seconds }: ObservedCall) =>
      durations.observe({ operation, status }, seconds)
    const noted = noteCalls(note)
    const observe: Observe = (operation, work) =>
      inSpan(`${service} ${operation}`, { kind: 'client' }, () => noted(operation, work))
    return { note, observe }
  }
  const labelStudio = calls('label_studio', 'Calls of Label Studio, by method and path.')
  const source = calls(
    'source',
    'Calls of log sources: a listing until its end, an object until its first bytes.',
  )
  return {
    registry,
    request({ method, route, status, seconds }) {
      requests.observe({ method, route, status }, seconds)
    },
    eventsReceived(actions, outcome) {
      for (const action of actions) received.inc({ action: known(action), outcome })
    },
    eventProcessed(action, outcome, seconds) {
      processed.inc({ action: known(action), outcome })
      lag.observe(Math.max(0, seconds))
    },
    labelStudioCall: labelStudio.observe,
    sourceCall: source.observe,
    noteSourceCall: source.note,
  }
}

function known(action: string): string {
  return ACTIONS.test(action) ? action : 'other'
}
