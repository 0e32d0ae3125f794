import { Gauge, type Registry } from 'prom-client'
import { PREFIX } from './metrics.ts'

/** One gauge, read anew. */
export interface Reading {
  /** Without the prefix. */
  name: string
  help: string
  /** The same names in all samples. */
  samples: readonly { labels: Record<string, string>; value: number }[]
}

/** How long what was read counts: several Prometheus servers, or an impatient one, cost the database no more than one. */
const KEEP_MS = 5_000

/**
 * The text for Prometheus: what the process counted, and what `read` tells of the database. While the database is away
 * the rest is told all the same, and `database_up` is 0.
 */
export function createScrape(
  registry: Registry,
  read: () => Promise<readonly Reading[]>,
  { keepMs = KEEP_MS, onError = (_error: unknown) => {} } = {},
): () => Promise<{ contentType: string; text: string }> {
  let last: { until: number; text: Promise<string> } | null = null
  let shown: string[] = []
  async function scrape(): Promise<string> {
    const readings = await read().catch((error): readonly Reading[] | null => {
      onError(error)
      return null
    })
    const up: Reading = {
      name: 'database_up',
      help: 'Whether the database answered in time; without it the gauges that are read from it are missing.',
      samples: [{ labels: {}, value: readings === null ? 0 : 1 }],
    }
    for (const name of shown) registry.removeSingleMetric(name)
    const told = [up, ...(readings ?? [])]
    shown = told.map(({ name }) => PREFIX + name)
    for (const { name, help, samples } of told) {
      const labelNames = Object.keys(samples[0]?.labels ?? {})
      const gauge = new Gauge({ name: PREFIX + name, help, labelNames, registers: [registry] })
      for (const { labels, value } of samples) gauge.set(labels, value)
      if (samples.length === 0) gauge.reset()
    }
    return registry.metrics()
  }
  return async () => {
    if (!last || performance.now() > last.until) {
      const current = { until: Number.POSITIVE_INFINITY, text: scrape() }
      const done = () => {
        current.until = performance.now() + keepMs
      }
      current.text.then(done, done)
      last = current
    }
    return { contentType: registry.contentType, text: await last.text }
  }
}
