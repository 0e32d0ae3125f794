import { type ChatMessage, conversationOf, fromJson } from './otlp-messages.ts'

/** A value as OTLP writes it in JSON. */
export interface AnyValue {
  stringValue?: string
  boolValue?: boolean
  intValue?: string | number
  doubleValue?: number | string
  bytesValue?: string
  arrayValue?: { values?: AnyValue[] }
  kvlistValue?: { values?: KeyValue[] }
}
interface KeyValue {
  key: string
  value?: AnyValue
}
export interface Span {
  traceId?: string
  spanId?: string
  parentSpanId?: string
  name?: string
  kind?: number | string
  startTimeUnixNano?: string | number
  endTimeUnixNano?: string | number
  attributes?: KeyValue[]
  events?: { name?: string; timeUnixNano?: string | number; attributes?: KeyValue[] }[]
  status?: { code?: number | string; message?: string }
}

const KINDS = ['UNSPECIFIED', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER']
const STATUS = ['UNSET', 'OK', 'ERROR']
const MAX_DEPTH = 50

function plainValue(value: AnyValue | undefined, depth = 0): unknown {
  if (!value || depth > MAX_DEPTH) return null
  if (value.stringValue !== undefined) return value.stringValue
  if (value.boolValue !== undefined) return value.boolValue
  if (value.intValue !== undefined) {
    const number = Number(value.intValue)
    return Number.isSafeInteger(number) ? number : String(value.intValue)
  }
  if (value.doubleValue !== undefined) return Number(value.doubleValue)
  if (value.bytesValue !== undefined) return value.bytesValue
  if (value.arrayValue) return (value.arrayValue.values ?? []).map((each) => plainValue(each, depth + 1))
  if (value.kvlistValue) return attributesOf(value.kvlistValue.values, depth + 1)
  return null
}

/** Attributes by name, as they were set. */
export function attributesOf(list: KeyValue[] | undefined, depth = 0): Record<string, unknown> {
  if (!Array.isArray(list)) return {}
  return Object.fromEntries(list.map(({ key, value }) => [key, plainValue(value, depth)]))
}

const named = (names: string[], code: number | string | undefined, prefix: string) =>
  typeof code === 'string' ? code.replace(prefix, '') : (names[code ?? 0] ?? String(code))

/** Nanoseconds since 1970, which are more than a number can hold. */
const nanosOf = (text: string | number | undefined): bigint =>
  /^\d{1,20}$/.test(String(text)) ? BigInt(text as string) : 0n

function timeOf(nanos: string | number | undefined): string | null {
  const ms = Number(nanosOf(nanos)) / 1e6
  if (!(ms > 0) || ms > 8.64e15) return null
  return new Date(ms).toISOString()
}

/** The model's own spans and those around them: what other instrumentations measure, such as HTTP calls, is no record. */
function isAboutModels(attributes: Record<string, unknown>, events: { name: string }[]): boolean {
  return (
    Object.keys(attributes).some((name) =>
      /^(gen_ai|llm|openinference)\.|^(input|output)\.value$/.test(name),
    ) || events.some(({ name }) => name.startsWith('gen_ai.'))
  )
}

const lastOf = (messages: ChatMessage[], role: string) =>
  messages.findLast((message) => message.role === role && message.content)?.content
const firstText = (...values: unknown[]) => values.find((value) => typeof value === 'string' && value !== '')

/** What was sent, if it is a request with messages as the providers' interfaces have it. */
function messagesIn(value: unknown): ChatMessage[] {
  const parsed = fromJson(value)
  if (typeof parsed !== 'object' || parsed === null) return []
  const list = (parsed as { messages?: unknown }).messages ?? parsed
  const isMessages =
    Array.isArray(list) &&
    list.length > 0 &&
    list.every((each) => each && typeof each === 'object' && 'role' in each)
  return isMessages ? conversationOf({ 'gen_ai.input.messages': list }, []).input : []
}

/**
 * A span as a record, or null where it is not about a model. Its attributes are fields under their own names; what the conventions
 * say differently has one name here:
 * - `question`: the last message of the user, else the input; `answer`: the message that came back, else the output;
 * - `input`, `output`: the values as they were recorded, else question and answer;
 * - `messages`: what was sent, `output_messages`: what came back, each as a role with its content;
 * - `model_version`: the model that answered, else the one that was asked for; `timestamp`: the start;
 * - `span_name`, `span_kind` (OpenInference's, else OpenTelemetry's), `operation`, `status`, `duration_ms`, `trace_id`,
 *   `span_id`, `parent_span_id`, `session_id`; `resource.` before the attributes of the resource.
 */
export function spanRecord(span: Span, resource: Record<string, unknown>): Record<string, unknown> | null {
  const attributes = attributesOf(span.attributes)
  const events = (Array.isArray(span.events) ? span.events : []).map((event) => ({
    name: event.name ?? '',
    attributes: attributesOf(event.attributes),
  }))
  if (!isAboutModels(attributes, events)) return null
  const { input, output } = conversationOf(attributes, events)
  const messages = input.length > 0 ? input : messagesIn(attributes['input.value'])
  const given = { input: attributes['input.value'], output: attributes['output.value'] }
  const question = firstText(lastOf(messages, 'user'), messages.at(-1)?.content, given.input)
  const answer = firstText(output.find(({ content }) => content)?.content, given.output)
  const duration = Number(nanosOf(span.endTimeUnixNano) - nanosOf(span.startTimeUnixNano)) / 1e6
  const record: Record<string, unknown> = {
    timestamp: timeOf(span.startTimeUnixNano),
    question,
    answer,
    input: firstText(given.input) ?? question,
    output: firstText(given.output) ?? answer,
    messages: messages.length > 0 ? messages : null,
    output_messages: output.length > 0 ? output : null,
    model_version: firstText(
      attributes['gen_ai.response.model'],
      attributes['gen_ai.request.model'],
      attributes['llm.model_name'],
      attributes['embedding.model_name'],
    ),
    span_name: span.name,
    span_kind: firstText(attributes['openinference.span.kind']) ?? named(KINDS, span.kind, 'SPAN_KIND_'),
    operation: attributes['gen_ai.operation.name'],
    status: named(STATUS, span.status?.code, 'STATUS_CODE_'),
    duration_ms: duration >= 0 ? duration : null,
    trace_id: span.traceId,
    span_id: span.spanId,
    parent_span_id: span.parentSpanId,
    session_id: firstText(attributes['gen_ai.conversation.id'], attributes['session.id']),
    ...Object.fromEntries(Object.entries(resource).map(([name, value]) => [`resource.${name}`, value])),
    ...attributes,
  }
  return Object.fromEntries(
    Object.entries(record).filter(([, value]) => value !== null && value !== undefined && value !== ''),
  )
}
