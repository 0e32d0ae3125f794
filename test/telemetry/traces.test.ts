import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { monitorInput } from '../support/monitors.ts'
import { type TestService, testService } from '../support/service.ts'
import { type LabelStudioServer, labelStudioServer } from './label-studio.ts'
import { writeRecords } from './records.ts'

interface Span {
  name: string
  traceId: string
  spanId: string
  parentSpanId?: string
  attributes: { key: string; value: Record<string, unknown> }[]
  status: { code?: number }
}

/** The caller's, as W3C writes it. */
const TRACE = '0af7651916cd43dd8448eb211c80319c'
const CALLER = 'b7ad6b7169203331'

let collector: Server
let bodies: { resource: { attributes: Span['attributes'] }; scopeSpans: { spans: Span[] }[] }[]
let labelStudio: LabelStudioServer
let it: TestService
let spans: Span[]

beforeAll(async () => {
  bodies = []
  collector = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk) => chunks.push(chunk))
    request.on('end', () => {
      if (request.url === '/v1/traces')
        bodies.push(...JSON.parse(Buffer.concat(chunks).toString()).resourceSpans)
      response.writeHead(200, { 'Content-Type': 'application/json' }).end('{}')
    })
  })
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve))
  labelStudio = await labelStudioServer()
  it = await testService({
    LABEL_STUDIO_URL: labelStudio.url,
    LABEL_STUDIO_API_KEY: 'key',
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(collector.address() as AddressInfo).port}`,
  })
  await writeRecords(it.logs)
  await it.request().post('/monitors').send(monitorInput()).expect(201)
  await it
    .request()
    .post('/runs')
    .set({ traceparent: `00-${TRACE}-${CALLER}-01`, Prefer: 'wait=20' })
    .send({ monitor: 'qa-model', from: '2024-11-12', to: '2024-11-12' })
    .expect(200)
  await it.request().post('/ml/hook-secret/setup').send({})
  await it.stop()
  spans = bodies.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans))
})
afterAll(async () => {
  collector.closeAllConnections()
  collector.close()
  await labelStudio.close()
})

const named = (name: string) => {
  const found = spans.find((span) => span.name === name)
  if (!found) throw new Error(`no span ${name} among ${spans.map((span) => span.name).join(', ')}`)
  return found
}
const parentOf = ({ parentSpanId }: Span) => spans.find(({ spanId }) => spanId === parentSpanId)

describe('a run is one trace', () => {
  test('that its caller began', () => {
    const request = named('POST /runs')
    expect(request).toMatchObject({ traceId: TRACE, parentSpanId: CALLER })
  })

  test.each([
    ['job run', 'POST /runs'],
    ['run plan', 'job run'],
    ['source file list', 'run plan'],
    ['source file open', 'run plan'],
    ['run project', 'job run'],
    ['label_studio POST /api/projects', 'run project'],
    ['run import', 'job run'],
    ['label_studio POST /api/projects/{id}/import', 'run import'],
    ['run webhook', 'job run'],
    ['run finish', 'job run'],
  ])('in which "%s" is a part of "%s"', (name, parent) => {
    expect(named(name).traceId).toBe(TRACE)
    expect(parentOf(named(name))?.name).toBe(parent)
  })

  test('that Label Studio could go on with', () => {
    const sent = labelStudio.received.find(({ call }) => call === 'POST /api/projects/7/import')
    const { traceId, spanId } = named('label_studio POST /api/projects/{id}/import')
    expect(sent?.headers.traceparent).toBe(`00-${traceId}-${spanId}-01`)
  })

  test('whose ids stand in the log', () => {
    const line = it.logged.map((each) => JSON.parse(each)).find(({ msg }) => msg === 'the run is ready')
    expect(line).toMatchObject({ trace_id: TRACE, span_id: named('job run').spanId })
  })
})

test('the service is named, with its version', () => {
  const attributes = Object.fromEntries(
    bodies.flatMap(({ resource }) => resource.attributes.map(({ key, value }) => [key, value.stringValue])),
  )
  expect(attributes).toMatchObject({
    'service.name': 'label-studio-monitor',
    'service.version': '0.0.0-test',
  })
})

test('no span holds a path, a query or a secret', () => {
  expect(spans.map(({ name }) => name)).toContain('POST /ml/{secret}/setup')
  expect(JSON.stringify(bodies)).not.toMatch(/hook-secret|"key"}|\/projects\/7/)
})

test('without a collector nothing is sent, loaded or in the way', async () => {
  const before = bodies.length
  const service = await testService()
  const { headers } = await service.request().get('/health').set('traceparent', `00-${TRACE}-${CALLER}-01`)
  expect(headers['x-request-id']).toBeTruthy()
  await service.stop()
  expect(bodies.length).toBe(before)
  expect(service.logged.filter((line) => line.includes('trace_id'))).toEqual([])
})

test('a collector that is away keeps the service neither from working nor from ending', async () => {
  const service = await testService({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' })
  await service.request().get('/health').expect(200)
  await service.stop()
  await expect.poll(() => service.logged.at(-1)).toBeTruthy()
})
