import { realpath } from 'node:fs/promises'
import { isAbsolute, relative, resolve, sep } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { FromModule, ModuleCall, ToModule } from './module-worker.ts'
import { SourceError } from './source-error.ts'

/** How long a module may take for its next answer, and how much memory. */
export const MODULE_TIMEOUT_MS = 60_000
const MEMORY_MB = 512
const MAX_MESSAGE = 500

export interface ModuleSettings {
  /** The directory below which modules may lie; null: there are none. */
  moduleRoot?: string | null | undefined
  moduleTimeoutMs?: number | undefined
}

/** The real path of a module. @throws SourceError where it may not be run */
async function modulePath(path: string, root: string | null | undefined, field: string): Promise<string> {
  const refused = (why: string) => new SourceError('refused', `${field}: ${why}`)
  if (!root)
    throw refused(
      'modules are not allowed; the operator of the service allows them by setting MODULE_ROOT to a directory',
    )
  const real = await realpath(root).catch(() => null)
  if (!real) throw refused(`the directory of MODULE_ROOT, ${root}, is not there`)
  const file = await realpath(resolve(root, path)).catch(() => null)
  if (!file) throw refused(`there is no file ${path} below MODULE_ROOT`)
  const way = relative(real, file)
  if (way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way))
    throw refused(`${path} lies outside of MODULE_ROOT`)
  return file
}

/**
 * Calls a function of a user's module in a thread of its own, and gives what it gives. The thread is ended when it is not waited for
 * any more, when it gives nothing for too long, or when it takes too much memory.
 * @param field what names the module in messages
 * @param input what `parse` reads
 * @throws SourceError with the module's own message, or the signal's reason
 */
export async function* runModule(
  call: ModuleCall,
  settings: ModuleSettings & { field: string; signal?: AbortSignal | undefined },
  input?: AsyncIterable<Buffer>,
): AsyncGenerator<Buffer> {
  const { field, signal, moduleTimeoutMs = MODULE_TIMEOUT_MS } = settings
  const path = await modulePath(call.path, settings.moduleRoot, field)
  const refused = (why: string) =>
    new SourceError('refused', `${field} ${call.path}: ${why.slice(0, MAX_MESSAGE)}`)
  const file = import.meta.url.endsWith('.ts') ? './module-worker.ts' : './module-worker.js'
  const worker = new Worker(new URL(file, import.meta.url), {
    workerData: { ...call, path } satisfies ModuleCall,
    // what it prints is not the service's log
    stdout: true,
    stderr: true,
    resourceLimits: { maxOldGenerationSizeMb: MEMORY_MB },
  })
  worker.stdout.resume()
  worker.stderr.resume()
  const arrived: (FromModule | Error)[] = []
  let wake = () => {}
  const put = (message: FromModule | Error) => {
    arrived.push(message)
    wake()
  }
  worker.on('message', put)
  worker.on('error', (error: NodeJS.ErrnoException) => {
    const isMemory = error.code === 'ERR_WORKER_OUT_OF_MEMORY'
    put(refused(isMemory ? `takes more than ${MEMORY_MB} MB of memory` : `crashed: ${error.message}`))
  })
  worker.on('exit', (code) => put(refused(`ended by itself (exit code ${code})`)))
  const abort = () => put(new Error('aborted'))
  signal?.addEventListener('abort', abort, { once: true })

  async function next(): Promise<FromModule> {
    if (arrived.length === 0) {
      const { promise, resolve } = Promise.withResolvers<void>()
      wake = resolve
      const timer = setTimeout(
        () => put(refused(`gave nothing for ${moduleTimeoutMs / 1000} s, and was ended`)),
        moduleTimeoutMs,
      )
      await promise
      clearTimeout(timer)
    }
    signal?.throwIfAborted()
    const message = arrived.shift() as FromModule | Error
    if (message instanceof Error) throw message
    return message
  }

  const chunks = input?.[Symbol.asyncIterator]()
  try {
    signal?.throwIfAborted()
    for (;;) {
      const message = await next()
      if (message.type === 'end') return
      if (message.type === 'error') {
        if (!message.temporary) throw refused(message.message)
        throw new SourceError(
          'unavailable',
          `${field} ${call.path}: ${message.message.slice(0, MAX_MESSAGE)}`,
        )
      }
      if (message.type === 'more') {
        const chunk = await chunks?.next()
        // a copy: the memory of a chunk is used again
        const bytes = !chunk || chunk.done ? null : Uint8Array.from(chunk.value)
        worker.postMessage({ type: 'chunk', bytes } satisfies ToModule)
      } else {
        yield Buffer.from(message.bytes.buffer, message.bytes.byteOffset, message.bytes.byteLength)
        worker.postMessage({ type: 'go' } satisfies ToModule)
      }
    }
  } finally {
    signal?.removeEventListener('abort', abort)
    await chunks?.return?.()
    await worker.terminate()
  }
}
