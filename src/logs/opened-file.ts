import type { FileHandle } from 'node:fs/promises'
import { readlink, realpath, stat } from 'node:fs/promises'

/**
 * Where an open file really lies. A path is followed twice, to be checked and to be opened, and what lies on it may be
 * exchanged in between; what is open can't be. Linux tells it; elsewhere the path is followed again and must lead to
 * what is open.
 * @returns null where it lies nowhere any more, or somewhere else than the path says now
 */
export async function whereOpened(file: FileHandle, path: string): Promise<string | null> {
  const told = await readlink(`/proc/self/fd/${file.fd}`).catch(() => null)
  if (told !== null) return told
  const now = await realpath(path).catch(() => null)
  const [open, found] = await Promise.all([file.stat(), now === null ? null : stat(now).catch(() => null)])
  return found && found.ino === open.ino && found.dev === open.dev ? now : null
}
