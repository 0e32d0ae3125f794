import { createServer, type RequestOptions, request, type Server } from 'node:http'
import { freePort } from '../../../demo/services/ports.ts'

export interface LabelStudioProxy {
  url: string
  /** Method and path of every call that was made. */
  calls: string[]
  /**
   * Does something once, when a call is made that `isMeant`: `before` Label Studio gets it, or `after` it has answered.
   * The call then goes no further, as when the connection breaks. @returns resolves when it was done
   */
  once(
    moment: 'before' | 'after',
    isMeant: (method: string, path: string) => boolean,
    act: () => Promise<void>,
  ): Promise<void>
  /**
   * Keeps the next call that `isMeant` on its way, and does something meanwhile; its sender hears nothing more.
   * @returns resolves when that was done, with what lets the call arrive at last, and resolves when it was answered
   */
  hold(
    isMeant: (method: string, path: string) => boolean,
    act: () => Promise<void>,
  ): Promise<() => Promise<void>>
  /** From here on connections are refused. */
  stop(): Promise<void>
  start(): Promise<void>
}

/** Stands between the service and Label Studio, so that a test can act in the middle of a call. */
export async function startLabelStudioProxy(labelStudioUrl: string): Promise<LabelStudioProxy> {
  const port = await freePort()
  const target = new URL(labelStudioUrl)
  const waiting: ((moment: string, call: string, path: string) => Promise<boolean>)[] = []
  const calls: string[] = []
  let server: Server
  let holding:
    | { isMeant: (method: string, path: string) => boolean; held: (release: () => Promise<void>) => void }
    | undefined
  const isInterrupted = async (moment: string, method: string, path: string) => {
    for (const each of waiting) if (await each(moment, method, path)) return true
    return false
  }
  const start = async () => {
    server = createServer(async (incoming, outgoing) => {
      const { method = '', url = '', headers } = incoming
      calls.push(`${method} ${url}`)
      const body: Buffer[] = []
      for await (const chunk of incoming) body.push(chunk)
      const options = { host: target.hostname, port: target.port, method, path: url, headers }
      if (holding?.isMeant(method, url)) {
        const { held } = holding
        holding = undefined
        held(() => arrive(options, Buffer.concat(body)))
        return outgoing.destroy()
      }
      if (await isInterrupted('before', method, url)) return outgoing.destroy()
      const forwarded = request(options, async (answer) => {
        const parts: Buffer[] = []
        for await (const chunk of answer) parts.push(chunk)
        if (await isInterrupted('after', method, url)) return outgoing.destroy()
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
        outgoing.end(Buffer.concat(parts))
      })
      forwarded.on('error', () => outgoing.destroy())
      forwarded.end(Buffer.concat(body))
    })
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  }
  await start()
  return {
    url: `http://127.0.0.1:${port}`,
    calls,
    once(moment, isMeant, act) {
      return new Promise((resolve) => {
        const react: (typeof waiting)[number] = async (now, method, path) => {
          if (now !== moment || !isMeant(method, path)) return false
          waiting.splice(waiting.indexOf(react), 1)
          await act()
          resolve()
          return true
        }
        waiting.push(react)
      })
    },
    async hold(isMeant, act) {
      const release = await new Promise<() => Promise<void>>((held) => {
        holding = { isMeant, held }
      })
      await act()
      return release
    },
    start,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function arrive(options: RequestOptions, body: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const sent = request(options, (answer) => answer.resume().once('end', resolve))
    sent.on('error', reject)
    sent.end(body)
  })
}

export function isProjectCreation(method: string, path: string): boolean {
  return method === 'POST' && /^\/api\/projects\/?$/.test(path)
}

export function isImport(method: string, path: string): boolean {
  return method === 'POST' && path.includes('/import')
}

export function isWebhookCreation(method: string, path: string): boolean {
  return method === 'POST' && path.startsWith('/api/webhooks')
}
