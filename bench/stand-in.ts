import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** In Label Studio's place where a run is measured only until it begins to import. */
export interface StandIn {
  url: string
  /** When a run next turns to it, by `performance.now()`: its status is `importing` by then. */
  asked(): Promise<number>
  stop(): Promise<void>
}

/** It knows its user, so that the service counts as ready, and is out of order for everything else. */
export async function startStandIn(): Promise<StandIn> {
  let next = Promise.withResolvers<number>()
  const server = createServer((request, response) => {
    const isUser = request.url?.startsWith('/api/current-user/whoami')
    if (!isUser) {
      next.resolve(performance.now())
      next = Promise.withResolvers()
    }
    response.writeHead(isUser ? 200 : 503, { 'content-type': 'application/json' })
    response.end(isUser ? '{"id":1,"email":"bench@example.com"}' : '{"detail":"out of order"}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: () => next.promise,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
