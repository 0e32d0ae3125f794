import { pathToFileURL } from 'node:url'
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import type { LogModule, ModuleObject, ModuleWindow } from './module.ts'

/** Runs one function of a user's module in its own thread. What it gives is handed over in pieces, each when it is asked for. */

/** What the thread is started with. */
export interface ModuleCall {
  path: string
  name: 'list' | 'open' | 'parse'
  request: Record<string, unknown>
}

/** From the thread. */
export type FromModule =
  | { type: 'piece'; bytes: Uint8Array }
  | { type: 'more' }
  | { type: 'end' }
  | { type: 'error'; message: string; temporary: boolean }

/** To the thread: go on; or a chunk that it asked for, null at the end. */
export type ToModule = { type: 'go' } | { type: 'chunk'; bytes: Uint8Array | null }

const PIECE_BYTES = 1 << 16

/** A module can pass thousands of small pieces; each message is a turn of two threads. */
class Output {
  readonly #port: MessagePort
  readonly #go: () => Promise<unknown>
  #held: Buffer[] = []
  #bytes = 0

  constructor(port: MessagePort, go: () => Promise<unknown>) {
    this.#port = port
    this.#go = go
  }

  async add(piece: Uint8Array | string): Promise<void> {
    const bytes = typeof piece === 'string' ? Buffer.from(piece) : Buffer.from(piece)
    this.#held.push(bytes)
    this.#bytes += bytes.length
    if (this.#bytes >= PIECE_BYTES) await this.flush()
  }

  async flush(): Promise<void> {
    if (this.#bytes === 0) return
    const bytes = Uint8Array.from(Buffer.concat(this.#held))
    this.#held = []
    this.#bytes = 0
    this.#port.postMessage({ type: 'piece', bytes } satisfies FromModule, [bytes.buffer])
    await this.#go()
  }
}

function jsonLine(record: unknown): string {
  if (typeof record !== 'object' || record === null || Array.isArray(record))
    throw new TypeError(
      `expected a record as an object, got ${record === null ? 'null' : Array.isArray(record) ? 'a list' : typeof record}`,
    )
  const text = JSON.stringify(record, (_, value) => (typeof value === 'bigint' ? String(value) : value))
  return `${text}\n`
}

async function run(port: MessagePort, { path, name, request }: ModuleCall): Promise<void> {
  const waiting: ((message: ToModule) => void)[] = []
  port.on('message', (message: ToModule) => waiting.shift()?.(message))
  const next = () => new Promise<ToModule>((resolve) => waiting.push(resolve))

  async function* chunks(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const answered = next()
      port.postMessage({ type: 'more' } satisfies FromModule)
      const message = await answered
      if (message.type !== 'chunk' || !message.bytes) return
      yield message.bytes
    }
  }

  const module: LogModule = await import(pathToFileURL(path).href)
  const output = new Output(port, next)
  const call = module[name] as ((...given: unknown[]) => unknown) | undefined
  if (typeof call !== 'function') {
    if (name !== 'list') throw new TypeError(`the module exports no function ${name}`)
    const { from, to } = request.window as ModuleWindow
    await output.add(jsonLine({ key: `${from}..${to}` } satisfies ModuleObject))
    await output.flush()
    return
  }
  const found = await (name === 'parse' ? call(chunks(), request) : call(request))
  if (
    found === null ||
    typeof found !== 'object' ||
    !(Symbol.asyncIterator in found || Symbol.iterator in found)
  )
    throw new TypeError(
      `${name} gave nothing to iterate; make it an async function*, or let it return a list`,
    )
  for await (const piece of found as AsyncIterable<unknown>) {
    const isBytes = name === 'open' && (typeof piece === 'string' || piece instanceof Uint8Array)
    await output.add(isBytes ? (piece as string | Uint8Array) : jsonLine(piece))
  }
  await output.flush()
}

if (parentPort) {
  const port = parentPort
  try {
    await run(port, workerData as ModuleCall)
    port.postMessage({ type: 'end' } satisfies FromModule)
  } catch (error) {
    const { message, temporary } = (error ?? {}) as { message?: string; temporary?: boolean }
    const told: FromModule = {
      type: 'error',
      message: message ?? String(error),
      temporary: temporary === true,
    }
    port.postMessage(told)
  }
  port.close()
}
