import { constants } from 'node:fs'
import { type FileHandle, open, readdir, realpath, stat } from 'node:fs/promises'
import { isAbsolute, join, relative, resolve, sep } from 'node:path'
import { takeBuffer } from './buffers.ts'
import { compileKeyPattern } from './key-pattern.ts'
import { whereOpened } from './opened-file.ts'
import type { FileSourceDefinition, LogObject, LogSource } from './source.ts'
import { SourceError } from './source-error.ts'

/** At 64 KiB the reading itself takes twice as long; more is no faster. */
const READ_BYTES = 1 << 18
/** Three with the reader, one being filled. */
const REUSED_BUFFERS = 4

const isInside = (root: string, path: string) => {
  const way = relative(root, path)
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way)
}

function fileError(error: unknown, path: string, missing: 'unavailable' | 'refused'): SourceError {
  if (error instanceof SourceError) return error
  const { code } = error as NodeJS.ErrnoException
  if (code === 'ENOENT' || code === 'ENOTDIR')
    return new SourceError(
      missing,
      `${path}: there is no such file or directory; check source.path and FILE_ROOT`,
    )
  if (code === 'EACCES' || code === 'EPERM' || code === 'ELOOP')
    return new SourceError('refused', `${path}: ${code}; let the service's user read it`)
  return new SourceError('unavailable', `${path}: can't be read now (${code ?? 'unknown error'})`)
}

/** A file's bytes; the next are read while the reader is at the last. Nothing is read any more when it has ended, however it did. */
async function* read(
  file: FileHandle,
  path: string,
  { reuse, from }: { reuse: Buffer[] | undefined; from: number },
  signal?: AbortSignal,
): AsyncGenerator<Buffer> {
  const takeAt = (i: number) => {
    const buffer = reuse?.[i % REUSED_BUFFERS] ?? takeBuffer(READ_BYTES)
    if (reuse) reuse[i % REUSED_BUFFERS] = buffer
    return buffer
  }
  const readNext = (i: number, at: number) => {
    const reading = file.read(takeAt(i), 0, READ_BYTES, at)
    // it may fail while the reader is at the one before
    reading.catch(() => {})
    return reading
  }
  let ahead = readNext(0, from)
  try {
    for (let i = 1, at = from; ; i++) {
      signal?.throwIfAborted()
      const { buffer, bytesRead } = await ahead
      if (bytesRead === 0) return
      at += bytesRead
      ahead = readNext(i, at)
      yield buffer.subarray(0, bytesRead)
    }
  } catch (error) {
    signal?.throwIfAborted()
    throw fileError(error, path, 'unavailable')
  } finally {
    await ahead.catch(() => {})
    await file.close()
  }
}

/**
 * A directory with all below it, inside `fileRoot`. Keys are paths relative to the directory, with `/`. Symbolic links count as long
 * as what they lead to lies inside `fileRoot`, others are left out; each directory is entered once.
 */
export function openFileSource(definition: FileSourceDefinition, fileRoot: string): LogSource {
  const pattern = compileKeyPattern(definition.key_pattern ?? '*')
  const root = resolve(fileRoot)
  const directory = resolve(root, definition.path ?? '.')
  const outside = (path: string) =>
    new SourceError('refused', `${path}: lies outside FILE_ROOT; choose a path below it, or move FILE_ROOT`)

  /** Where a path really leads, if that is inside the root. */
  async function inside(path: string): Promise<string> {
    const realRoot = await realpath(root).catch((error) => {
      throw fileError(error, root, 'refused')
    })
    if (!isInside(root, path) && !isInside(realRoot, path)) throw outside(path)
    const real = await realpath(path)
    if (!isInside(realRoot, real)) throw outside(path)
    return real
  }

  async function openFile(path: string): Promise<FileHandle> {
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
    const file = await open(await inside(path), flags)
    try {
      if (!(await file.stat()).isFile()) throw new SourceError('refused', `${path}: is not a file`)
      const where = await whereOpened(file, path)
      if (where === null || !isInside(await realpath(root), where)) throw outside(path)
      return file
    } catch (error) {
      await file.close()
      throw error
    }
  }

  async function* walk(signal?: AbortSignal): AsyncGenerator<LogObject> {
    const entered = new Set<string>()
    const waiting = [directory]
    // links come after all real directories, which thus keep their own name
    const linked: string[] = []
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop() ?? linked.shift()) {
      const real = await inside(next)
      if (entered.has(real)) continue
      entered.add(real)
      for (const entry of await readdir(real, { withFileTypes: true })) {
        signal?.throwIfAborted()
        const path = join(next, entry.name)
        const key = relative(directory, path).split(sep).join('/')
        if (entry.isDirectory()) waiting.push(path)
        if (!entry.isFile() && !entry.isSymbolicLink()) continue
        const match = pattern.match(key)
        if (!match && entry.isFile()) continue
        // what vanished, leads nowhere or leads outside is left out
        const target = entry.isFile() ? join(real, entry.name) : await inside(path).catch(() => null)
        const found = target === null ? null : await stat(target).catch(() => null)
        if (found?.isDirectory()) linked.push(path)
        if (found?.isFile() && match) yield { key, size: found.size, date: match.date }
      }
    }
  }

  return {
    id: `file:${relative(root, directory).split(sep).join('/')}`,
    opensFrom: true,
    async *list(signal) {
      try {
        yield* walk(signal)
      } catch (error) {
        signal?.throwIfAborted()
        throw fileError(error, directory, 'refused')
      }
    },
    async open(object, signal, { reuse, from = 0 } = {}) {
      const path = resolve(directory, object.key)
      try {
        signal?.throwIfAborted()
        const file = await openFile(path)
        return read(file, path, { reuse, from }, signal)
      } catch (error) {
        signal?.throwIfAborted()
        throw fileError(error, path, 'unavailable')
      }
    },
    async range(object, start, end, signal) {
      const path = resolve(directory, object.key)
      let file: FileHandle | null = null
      try {
        signal?.throwIfAborted()
        file = await openFile(path)
        const buffer = Buffer.allocUnsafeSlow(Math.max(0, end - start))
        let filled = 0
        for (let got = -1; got !== 0 && filled < buffer.length; filled += got)
          got = (await file.read(buffer, filled, buffer.length - filled, start + filled)).bytesRead
        return buffer.subarray(0, filled)
      } catch (error) {
        throw fileError(error, path, 'unavailable')
      } finally {
        await file?.close()
      }
    },
  }
}
