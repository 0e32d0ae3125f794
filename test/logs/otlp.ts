import type { AnyValue, Span } from '../../src/logs/otlp-span.ts'

/** A value as OTLP writes it in JSON. */
export function anyValue(value: unknown): AnyValue {
  if (typeof value === 'string') return { stringValue: value }
  if (typeof value === 'boolean') return { boolValue: value }
  if (Number.isInteger(value)) return { intValue: String(value) }
  if (typeof value === 'number') return { doubleValue: value }
  if (Array.isArray(value)) return { arrayValue: { values: value.map(anyValue) } }
  return { kvlistValue: { values: attributes(value as object) } }
}

export const attributes = (given: object) =>
  Object.entries(given).map(([key, value]) => ({ key, value: anyValue(value) }))

/** 2024-11-11T01:02:03.5Z, in nanoseconds. */
export const START = '1731286923500000000'

export function span(given: object, more: Span = {}): Span {
  return {
    traceId: '5b8efff798038103d269b633813fc60c',
    spanId: 'eee19b7ec3c1b174',
    parentSpanId: 'eee19b7ec3c1b173',
    name: 'chat gpt-4o',
    kind: 3,
    startTimeUnixNano: START,
    endTimeUnixNano: String(BigInt(START) + 250_000_000n),
    attributes: attributes(given),
    status: {},
    ...more,
  }
}

export const event = (name: string, given: object) => ({ name, attributes: attributes(given) })

/** A batch as the file exporter writes it. */
export const batch = (...spans: Span[]) => ({
  resourceSpans: [
    {
      resource: { attributes: attributes({ 'service.name': 'qa', 'service.version': '1.2' }) },
      scopeSpans: [{ scope: { name: 'x' }, spans }],
    },
  ],
})
