import { createServer, type Server } from 'node:net'

/** `count` different loopback ports that nothing listens on now. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, () => listen(0)))
  const ports = servers.map((server) => (server.address() as { port: number }).port)
  await Promise.all(servers.map(close))
  return ports
}

/** `preferred` when nothing listens on it, else any free port: a page is easier to find at its usual place. */
export async function freePort(preferred = 0): Promise<number> {
  const server = await listen(preferred).catch(() => listen(0))
  const { port } = server.address() as { port: number }
  await close(server)
  return port
}

function listen(port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(port, '127.0.0.1', () => resolve(server))
  })
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()))
}
