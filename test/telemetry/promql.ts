import { parser } from '@prometheus-io/lezer-promql'

export interface Query {
  /** The metrics that it reads. */
  metrics: string[]
  /** The labels that it selects or groups by, besides `le`, which histograms have by nature. */
  labels: string[]
  isSum: boolean
}

/** Reads a query by Prometheus' own grammar, Grafana's variables filled in. Throws where it is none. */
export function parseQuery(expression: string): Query {
  const text = expression.replaceAll('$__rate_interval', '5m').replaceAll('$monitor', '.*')
  const query: Query = { metrics: [], labels: [], isSum: false }
  parser.parse(text).iterate({
    enter({ type, from, to, node }) {
      const word = text.slice(from, to)
      if (type.isError) throw new Error(`no PromQL at ${from} of ${text}`)
      if (type.name === 'Identifier' && node.parent?.name === 'VectorSelector') query.metrics.push(word)
      if (type.name === 'LabelName' && word !== 'le') query.labels.push(word)
      if (type.name === 'Sum') query.isSum = true
    },
  })
  if (query.metrics.length === 0) throw new Error(`no metric in ${text}`)
  return query
}
