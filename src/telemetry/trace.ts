import { type Attributes, context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { failureKind } from './observe.ts'

export interface SpanOptions {
  kind?: keyof typeof KINDS
  attributes?: Attributes
  /** W3C headers (`traceparent`, `tracestate`) of whoever asked for this; by default the span that is open here. */
  parent?: Readonly<Record<string, unknown>>
}

/** Something under way that a trace shows. Costs nothing where no traces are exported. */
export interface OpenSpan {
  /** Does work as a part of it. */
  within<T>(work: () => T): T
  set(attributes: Attributes): void
  rename(name: string): void
  /** @param error what it failed with; only its kind or name is told, because messages may quote data */
  end(error?: unknown): void
}

const KINDS = {
  internal: SpanKind.INTERNAL,
  /** answers a request */
  server: SpanKind.SERVER,
  /** calls another service */
  client: SpanKind.CLIENT,
  /** takes a job from the queue */
  consumer: SpanKind.CONSUMER,
} as const

export function openSpan(
  name: string,
  { kind = 'internal', attributes = {}, parent }: SpanOptions = {},
): OpenSpan {
  const from = parent ? propagation.extract(context.active(), parent) : context.active()
  const span = trace
    .getTracer('label-studio-monitor')
    .startSpan(name, { kind: KINDS[kind], attributes }, from)
  const here = trace.setSpan(from, span)
  return {
    within: (work) => context.with(here, work),
    set: (more) => void span.setAttributes(more),
    rename: (better) => void span.updateName(better),
    end(error) {
      if (error !== undefined) {
        span.setAttribute('error.type', failureKind(error))
        span.setStatus({ code: SpanStatusCode.ERROR })
      }
      span.end()
    },
  }
}

/** Does the work as a span, which ends as the work does. */
export async function inSpan<T>(name: string, options: SpanOptions, work: () => Promise<T>): Promise<T> {
  const span = openSpan(name, options)
  try {
    const result = await span.within(work)
    span.end()
    return result
  } catch (error) {
    span.end(error)
    throw error
  }
}

/** The W3C headers that let another service, or a later job, go on with the trace that is open here. */
export function traceHeaders(): Record<string, string> {
  const headers: Record<string, string> = {}
  propagation.inject(context.active(), headers)
  return headers
}

/** The open span, as logs name it. */
export function spanIds(): { trace_id?: string; span_id?: string } {
  const open = trace.getActiveSpan()?.spanContext()
  return open && trace.isSpanContextValid(open) ? { trace_id: open.traceId, span_id: open.spanId } : {}
}
