import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Asked first for each request; true if it has answered. */
export type LabelStudioFault = (request: IncomingMessage, response: ServerResponse) => boolean

export interface LabelStudioHttp {
  url: string
  /** Requests as `POST /api/projects`. */
  requests: string[]
  /** The tasks that were imported. */
  tasks: Record<string, unknown>[]
  webhooks: Record<string, unknown>[]
  fault: LabelStudioFault | null
  /** Imports tasks without their predictions, as Label Studio does when its SQLite was locked at the first try. */
  losesPredictions: boolean
  /** How long each answer takes, in ms. */
  delayMs: number
  close(): Promise<void>
}

/** The little of Label Studio's REST API that a run needs, as a server, for tests of what goes wrong on the way. */
export async function startLabelStudioHttp(): Promise<LabelStudioHttp> {
  const projects: Record<string, unknown>[] = []
  const it: LabelStudioHttp = {
    url: '',
    requests: [],
    tasks: [],
    webhooks: [],
    fault: null,
    losesPredictions: false,
    delayMs: 0,
    close: async () => {},
  }

  // biome-ignore lint/suspicious/noExplicitAny: bodies of every shape
  function answerTo(method: string, path: string, body: any): unknown {
    const [, name, id, sub] = /^\/api\/([\w-]+)\/?(\w+)?\/?(\w+)?\/?$/.exec(path) ?? []
    const project = projects[Number(id) - 1]
    if (name === 'version') return { release: '1.23.2' }
    if (name === 'current-user') return { id: 1, email: 'a@example.org' }
    if (name === 'token') return { access: 'access-token' }
    if (path.endsWith('/import/predictions')) {
      for (const { task, ...prediction } of body)
        Object.assign(it.tasks[task - 1] as object, { predictions: [prediction] })
      return { created: body.length }
    }
    if (name === 'projects' && method === 'POST' && sub === 'import') {
      const ids = body.map((task: object) =>
        it.tasks.push({ id: it.tasks.length + 1, ...task, ...(it.losesPredictions && { predictions: [] }) }),
      )
      return { task_ids: ids }
    }
    if (name === 'projects' && method === 'POST') {
      projects.push({ model_version: '', ...body, id: projects.length + 1, task_number: null })
      return projects.at(-1)
    }
    if (name === 'projects' && method === 'PATCH') return Object.assign(project as object, body)
    if (name === 'projects' && id) {
      const total_predictions_number = it.tasks.flatMap(({ predictions }) => predictions).length
      return { ...project, task_number: it.tasks.length, total_predictions_number }
    }
    if (name === 'projects') return { results: projects }
    if (name === 'tasks') return { total: it.tasks.length, tasks: it.tasks }
    if (name === 'webhooks' && method === 'GET') return it.webhooks
    if (name === 'webhooks' && method === 'POST') {
      it.webhooks.push({ ...body, id: it.webhooks.length + 1 })
      return it.webhooks.at(-1)
    }
    if (name === 'webhooks') return Object.assign(it.webhooks[Number(id) - 1] as object, body)
    return null
  }

  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const { method = '', url = '' } = request
    const { pathname } = new URL(url, 'http://x')
    it.requests.push(`${method} ${pathname}`)
    if (it.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, it.delayMs))
    if (it.fault?.(request, response)) return
    const text = Buffer.concat(chunks).toString()
    const answer = answerTo(method, pathname, text ? JSON.parse(text) : null)
    response.writeHead(answer === null ? 404 : 200, { 'content-type': 'application/json' })
    response.end(JSON.stringify(answer ?? { detail: 'Not found.' }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  it.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  it.close = () =>
    new Promise((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  return it
}
