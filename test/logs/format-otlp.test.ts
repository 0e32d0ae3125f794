import { expect, test } from 'vitest'
import { batch, event, span } from './otlp.ts'
import { readAll } from './read-all.ts'

const otlp = (text: string, more: object = {}) => readAll(text, { type: 'otlp' }, more)
const lines = (...batches: object[]) => batches.map((each) => `${JSON.stringify(each)}\n`).join('')
const asked = { role: 'user', parts: [{ type: 'text', content: 'Weather in Paris?' }] }
const answered = { role: 'assistant', parts: [{ type: 'text', content: 'Rainy.' }], finish_reason: 'stop' }
const system = { role: 'system', content: 'Be brief.' }
const SAME = { question: 'Weather in Paris?', answer: 'Rainy.', input: 'Weather in Paris?', output: 'Rainy.' }
const MESSAGES = {
  messages: [system, { role: 'user', content: 'Weather in Paris?' }],
  output_messages: [{ role: 'assistant', content: 'Rainy.' }],
}

test.each([
  [
    'GenAI: messages as JSON in attributes, instructions apart',
    span({
      'gen_ai.system_instructions': JSON.stringify([{ type: 'text', content: 'Be brief.' }]),
      'gen_ai.input.messages': JSON.stringify([asked]),
      'gen_ai.output.messages': JSON.stringify([answered]),
    }),
  ],
  [
    'GenAI: structured messages',
    span({ 'gen_ai.input.messages': [system, asked], 'gen_ai.output.messages': [answered] }),
  ],
  [
    'GenAI: messages on the event of the operation',
    span(
      { 'gen_ai.operation.name': 'chat' },
      {
        events: [
          event('gen_ai.client.inference.operation.details', {
            'gen_ai.input.messages': [system, asked],
            'gen_ai.output.messages': JSON.stringify([answered]),
          }),
        ],
      },
    ),
  ],
  [
    'older: numbered prompts and completions',
    span({
      'gen_ai.prompt.0.role': 'system',
      'gen_ai.prompt.0.content': 'Be brief.',
      'gen_ai.prompt.1.role': 'user',
      'gen_ai.prompt.1.content': 'Weather in Paris?',
      'gen_ai.completion.0.role': 'assistant',
      'gen_ai.completion.0.content': 'Rainy.',
    }),
  ],
  [
    'older: an event for each message',
    span(
      { 'gen_ai.system': 'openai' },
      {
        events: [
          event('gen_ai.system.message', { content: 'Be brief.' }),
          event('gen_ai.user.message', { content: 'Weather in Paris?' }),
          event('gen_ai.choice', {
            index: 0,
            message: JSON.stringify({ role: 'assistant', content: 'Rainy.' }),
          }),
        ],
      },
    ),
  ],
  [
    'older: the prompt and the completion as events',
    span(
      { 'gen_ai.system': 'openai' },
      {
        events: [
          event('gen_ai.content.prompt', {
            'gen_ai.prompt': JSON.stringify([system, { role: 'user', content: 'Weather in Paris?' }]),
          }),
          event('gen_ai.content.completion', {
            'gen_ai.completion': JSON.stringify([{ role: 'assistant', content: 'Rainy.' }]),
          }),
        ],
      },
    ),
  ],
  [
    'OpenInference',
    span({
      'openinference.span.kind': 'LLM',
      'llm.input_messages.0.message.role': 'system',
      'llm.input_messages.0.message.content': 'Be brief.',
      'llm.input_messages.1.message.role': 'user',
      'llm.input_messages.1.message.contents.0.message_content.type': 'text',
      'llm.input_messages.1.message.contents.0.message_content.text': 'Weather in Paris?',
      'llm.output_messages.0.message.role': 'assistant',
      'llm.output_messages.0.message.content': 'Rainy.',
    }),
  ],
])('%s', async (_, each) => {
  const { records, malformed } = await otlp(lines(batch(each)))
  expect(malformed).toEqual([])
  expect(records.map(({ fields }) => fields)).toMatchObject([{ ...SAME, ...MESSAGES }])
})

test('OpenInference with input and output alone; the input may be a request with messages', async () => {
  const request = { model: 'm', messages: [system, { role: 'user', content: 'Weather in Paris?' }] }
  const given = {
    'openinference.span.kind': 'CHAIN',
    'input.value': JSON.stringify(request),
    'output.value': 'Rainy.',
  }
  const plain = { 'input.value': 'Weather in Paris?', 'output.value': 'Rainy.' }
  const { records } = await otlp(lines(batch(span(given), span(plain))))
  expect(records.map(({ fields }) => fields)).toMatchObject([
    { ...SAME, input: JSON.stringify(request), messages: MESSAGES.messages, span_kind: 'CHAIN' },
    SAME,
  ])
})

test('what else a record says', async () => {
  const given = {
    'gen_ai.operation.name': 'chat',
    'gen_ai.request.model': 'gpt-4o',
    'gen_ai.response.model': 'gpt-4o-2024-08-06',
    'gen_ai.usage.input_tokens': 12,
    'gen_ai.request.temperature': 0.5,
    'gen_ai.request.stop_sequences': ['a', 'b'],
    'gen_ai.conversation.id': 'c1',
    'app.flags': { beta: true },
  }
  const { records } = await otlp(lines(batch(span(given, { status: { code: 2 } }))), {
    field: 'gen_ai.request.model',
  })
  expect(records).toEqual([
    {
      fields: {
        ...given,
        timestamp: '2024-11-11T01:02:03.500Z',
        model_version: 'gpt-4o-2024-08-06',
        span_name: 'chat gpt-4o',
        span_kind: 'CLIENT',
        operation: 'chat',
        status: 'ERROR',
        duration_ms: 250,
        trace_id: '5b8efff798038103d269b633813fc60c',
        span_id: 'eee19b7ec3c1b174',
        parent_span_id: 'eee19b7ec3c1b173',
        session_id: 'c1',
        'resource.service.name': 'qa',
        'resource.service.version': '1.2',
      },
      offset: 0,
      line: 1,
      date: '2024-11-11',
      value: 'gpt-4o',
    },
  ])
})

test('OpenInference names the model; calls of tools stay with their message', async () => {
  const call = {
    'llm.model_name': 'claude',
    'llm.output_messages.0.message.role': 'assistant',
    'llm.output_messages.0.message.tool_calls.0.tool_call.function.name': 'weather',
    'llm.output_messages.0.message.tool_calls.0.tool_call.function.arguments': '{"city":"Paris"}',
  }
  const [record] = (await otlp(lines(batch(span(call))))).records
  expect(record?.fields).toMatchObject({
    model_version: 'claude',
    output_messages: [
      { role: 'assistant', content: '', tool_calls: [{ name: 'weather', arguments: { city: 'Paris' } }] },
    ],
  })
  expect(record?.fields.answer).toBe(undefined)
})

const chat = span({ 'gen_ai.prompt.0.content': 'q' })
const http = span({ 'http.request.method': 'GET' }, { name: 'GET /' })

test('spans that are about no model are no records; each record has its own place', async () => {
  const { records } = await otlp(lines(batch(chat, http, chat), { resourceMetrics: [] }, batch(http, chat)))
  expect(records.map(({ line }) => line)).toEqual([1, 1, 3])
  expect(new Set(records.map(({ offset }) => offset)).size).toBe(3)
})

test('a broken line costs no other', async () => {
  const text = `${lines(batch(chat))}{"resourceSpans":[{"reso\n{"a":1}\n{"broken":}\n${lines(batch(chat))}`
  const { records, malformed } = await otlp(text)
  expect(records.map(({ line }) => line)).toEqual([1, 5])
  expect(malformed).toEqual([
    { line: 2, problem: 'does not end with }, as a line with one JSON object does' },
    { line: 3, problem: 'has no resourceSpans, as spans in OTLP JSON do' },
    { line: 4, problem: 'is not valid JSON' },
  ])
})

test.each([
  ['one document over many lines', JSON.stringify(batch(chat, http, chat), null, 2), 2],
  ['one document on one line, without its end', JSON.stringify(batch(chat, chat)), 2],
  ['a list of documents', JSON.stringify([batch(chat), batch(chat)], null, 1), 2],
  [
    'documents one after another',
    [batch(chat), batch(chat)].map((each) => JSON.stringify(each, null, 1)).join('\n'),
    2,
  ],
  ['blank lines first', `\n \n${lines(batch(chat))}`, 1],
  ['nothing', '', 0],
])('%s, cut anywhere', async (_, text, count) => {
  const whole = await otlp(text)
  expect(whole.records).toHaveLength(count)
  expect(whole.malformed).toEqual([])
  for (const chunk of [1, 7, 1_000]) expect(await otlp(text, { chunk })).toEqual(whole)
})

test.each([
  ['spans that are none', { resourceSpans: [{ scopeSpans: [{ spans: 3 }] }] }],
  ['attributes that are none', batch({ ...chat, attributes: [null] as never })],
  ['a list of nothing', { resourceSpans: [null] }],
])('%s: malformed, no crash', async (_, data) => {
  const { records, malformed } = await otlp(lines(data, batch(chat)))
  expect(records).toHaveLength(1)
  expect(malformed).toEqual([{ line: 1, problem: 'holds spans that are not as OTLP JSON has them' }])
})
