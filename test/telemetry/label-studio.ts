import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { QA_CONFIG } from '../support/monitors.ts'

export interface LabelStudioServer {
  url: string
  /** What it was asked, as "POST /api/projects", with the headers. */
  received: { call: string; headers: IncomingHttpHeaders }[]
  close(): Promise<void>
}

/** Answers the calls of one run as Label Studio does: one project, its tasks without annotations. */
export async function labelStudioServer(): Promise<LabelStudioServer> {
  const project = {
    id: 7,
    title: 'Project',
    description: '',
    label_config: QA_CONFIG,
    model_version: '',
    task_number: 0,
  }
  const received: LabelStudioServer['received'] = []
  const tasks: object[] = []
  const answer = (call: string, body: unknown): unknown => {
    switch (call) {
      case 'GET /api/current-user/whoami':
        return { id: 1, email: 'ml@example.org' }
      case 'GET /api/projects':
        return { results: [] }
      case 'POST /api/projects':
      case 'GET /api/projects/7':
      case 'PATCH /api/projects/7':
        return Object.assign(project, body)
      case 'POST /api/projects/7/import': {
        const added = (body as object[]).map((task, index) => ({
          ...task,
          id: tasks.length + index + 1,
          annotations: [],
          updated_at: '2024-11-12T00:00:00.000000Z',
        }))
        tasks.push(...added)
        return { task_ids: added.map(({ id }) => id) }
      }
      case 'GET /api/tasks':
        return { total: tasks.length, tasks }
      case 'GET /api/webhooks/':
        return []
      case 'POST /api/webhooks/':
        return { id: 3, ...(body as object) }
    }
    return undefined
  }
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk) => chunks.push(chunk))
    request.on('end', () => {
      const call = `${request.method} ${request.url?.split('?')[0]}`
      received.push({ call, headers: request.headers })
      const text = Buffer.concat(chunks).toString('utf8')
      const body = answer(call, text ? JSON.parse(text) : undefined)
      response.writeHead(body === undefined ? 404 : 200, {
        'Content-Type': 'application/json',
        Connection: 'close',
      })
      response.end(JSON.stringify(body ?? { detail: `nothing at ${call}` }))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
