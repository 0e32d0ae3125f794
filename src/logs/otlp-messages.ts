/** One turn of a conversation. */
export interface ChatMessage {
  role: string
  /** Its text; empty where it has none, such as a call of a tool. */
  content: string
  tool_calls?: unknown[]
}

/** What a span says was sent to the model and came back. */
export interface Conversation {
  input: ChatMessage[]
  output: ChatMessage[]
}

type Attributes = Record<string, unknown>
interface SpanEvent {
  name: string
  attributes: Attributes
}

/** A value that may have been written as JSON in a text. */
export function fromJson(value: unknown): unknown {
  if (typeof value !== 'string' || !/^\s*[[{]/.test(value)) return value
  try {
    return JSON.parse(value)
  } catch {
    return value
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The text of a message's content: a text, a list of parts of which those with text count, or any other value as JSON. */
function textOf(content: unknown): string {
  if (typeof content === 'string') return content
  if (content === null || content === undefined) return ''
  if (!Array.isArray(content)) {
    if (!isObject(content)) return String(content)
    const text = content.text ?? content.content
    return typeof text === 'string' ? text : JSON.stringify(content)
  }
  const texts = content.flatMap((part) => {
    if (typeof part === 'string') return [part]
    if (!isObject(part) || /tool|function|reasoning|thinking/.test(String(part.type))) return []
    const text = part.content ?? part.text ?? (part.type === 'tool_call_response' ? part.response : undefined)
    return typeof text === 'string' ? [text] : []
  })
  return texts.join('\n')
}

function messageOf(value: unknown, role: string): ChatMessage {
  if (!isObject(value)) return { role, content: textOf(fromJson(value)) }
  const { parts, tool_calls } = value
  const content = fromJson(parts ?? value.content ?? value.message)
  // a choice may have its message inside
  if (isObject(content) && ('content' in content || 'parts' in content)) return messageOf(content, role)
  const called = Array.isArray(parts)
    ? parts.filter((part) => isObject(part) && part.type === 'tool_call')
    : fromJson(tool_calls)
  return {
    role: typeof value.role === 'string' ? value.role : role,
    content: textOf(content),
    ...(Array.isArray(called) && called.length > 0 && { tool_calls: called }),
  }
}

function listOf(value: unknown, role: string): ChatMessage[] {
  const list = fromJson(value)
  if (Array.isArray(list)) return list.map((each) => messageOf(each, role))
  if (isObject(list) && Array.isArray(list.messages)) return listOf(list.messages, role)
  return list === undefined || list === null || list === '' ? [] : [messageOf(list, role)]
}

/** Attributes such as `gen_ai.prompt.0.content`, put together: a list by number, each item with the rest of its names. */
function numbered(attributes: Attributes, prefix: string): Attributes[] {
  const items: Attributes[] = []
  for (const [name, value] of Object.entries(attributes)) {
    if (!name.startsWith(`${prefix}.`)) continue
    const [, number, rest] = /^(\d{1,4})\.(.+)$/.exec(name.slice(prefix.length + 1)) ?? []
    if (number === undefined || rest === undefined) continue
    items[Number(number)] = { ...items[Number(number)], [rest]: value }
  }
  return items.filter((item) => item !== undefined)
}

function openInference(attributes: Attributes, name: string, role: string): ChatMessage[] {
  return numbered(attributes, name).map((item) => {
    const parts = numbered(item, 'message.contents').map((part) => part['message_content.text'])
    const calls = numbered(item, 'message.tool_calls').map((call) => ({
      name: call['tool_call.function.name'],
      arguments: fromJson(call['tool_call.function.arguments']),
    }))
    const text = item['message.content'] ?? parts.filter((part) => typeof part === 'string')
    return {
      role: typeof item['message.role'] === 'string' ? item['message.role'] : role,
      content: textOf(text),
      ...(calls.length > 0 && { tool_calls: calls }),
    }
  })
}

/** The first of the conventions that a span follows. */
const firstOf = (...ways: (() => ChatMessage[])[]): ChatMessage[] => {
  for (const way of ways) {
    const found = way()
    if (found.length > 0) return found
  }
  return []
}

const EVENT_ROLES: Record<string, string> = {
  'gen_ai.system.message': 'system',
  'gen_ai.user.message': 'user',
  'gen_ai.assistant.message': 'assistant',
  'gen_ai.tool.message': 'tool',
}

/**
 * Reads the messages of a span: the GenAI conventions with messages as attributes or in events, their predecessors
 * (numbered prompts and completions; one event for each message), and OpenInference.
 */
export function conversationOf(span: Attributes, events: SpanEvent[]): Conversation {
  const details: Attributes = Object.assign({}, ...events.map((event) => event.attributes), span)
  const ofEvents = (take: (name: string) => string | undefined) =>
    events.flatMap(({ name, attributes }) => {
      const role = take(name)
      return role === undefined ? [] : [messageOf(attributes, role)]
    })
  const system = textOf(fromJson(details['gen_ai.system_instructions']))
  const input = firstOf(
    () => listOf(details['gen_ai.input.messages'], 'user'),
    () => openInference(span, 'llm.input_messages', 'user'),
    () => numbered(span, 'gen_ai.prompt').map((each) => messageOf(each, 'user')),
    () => ofEvents((name) => EVENT_ROLES[name]),
    () => listOf(details['gen_ai.prompt'], 'user'),
  )
  const output = firstOf(
    () => listOf(details['gen_ai.output.messages'], 'assistant'),
    () => openInference(span, 'llm.output_messages', 'assistant'),
    () => numbered(span, 'gen_ai.completion').map((each) => messageOf(each, 'assistant')),
    () => ofEvents((name) => (name === 'gen_ai.choice' ? 'assistant' : undefined)),
    () => listOf(details['gen_ai.completion'], 'assistant'),
  )
  return { input: system ? [{ role: 'system', content: system }, ...input] : input, output }
}
