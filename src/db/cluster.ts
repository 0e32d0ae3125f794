import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chown, mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { type ServerPrograms, type ServerUser, serverPrograms } from './server-programs.ts'
import { DatabaseStartError } from './start-error.ts'

/** `nobody`: the server needs no rights but those on its own files. */
const NOBODY: ServerUser = { uid: 65_534, gid: 65_534 }
const ABANDONED_AFTER_MS = 10 * 60_000

/**
 * The server is started inside its data directory and knows it by this name only: so it works as a user that can't
 * pass the directories above, e.g. a closed home, and its socket's path is never too long.
 */
const HERE = '/proc/self/cwd'

export const SUPERUSER = 'label_studio_monitor'

/** The database cluster of one data directory; what is on the disk, running or not. */
export interface Cluster {
  readonly programs: ServerPrograms
  /** Null: this process's user. */
  readonly user: ServerUser | null
  /** PostgreSQL's own directory, and that of its socket. */
  readonly data: string
  readonly logFile: string
  readonly password: string
}

/** Opens the cluster in `dataDir`, making it where there is none yet. Throws a DatabaseStartError saying why not. */
export async function openCluster(dataDir: string): Promise<Cluster> {
  const directory = resolve(dataDir)
  const home = join(directory, 'postgres')
  const data = join(home, 'data')
  try {
    await mkdir(directory, { recursive: true })
    const user = await serverUser(directory, data)
    const programs = await serverPrograms(user)
    if (!existsSync(data)) await createCluster({ directory, home, user, programs })
    await checkVersion(data, programs.major)
    const password = (await readFile(join(home, 'password'), 'utf8')).trim()
    return { programs, user, data, logFile: join(directory, 'postgres.log'), password }
  } catch (error) {
    if (error instanceof DatabaseStartError) throw error
    throw new DatabaseStartError(
      `DATA_DIR: the embedded database can't be kept in ${directory} (${(error as Error).message}); ` +
        'name a directory that this user can write to, on a disk with at least 200 MB free, or set DATABASE_URL.',
      { cause: error },
    )
  }
}

/** PostgreSQL refuses to run as root: then it runs as the owner of the data, or as nobody. */
async function serverUser(directory: string, data: string): Promise<ServerUser | null> {
  const self = process.getuid?.()
  const owner = existsSync(data) ? await stat(data) : null
  if (self !== 0) {
    if (owner === null || owner.uid === self) return null
    throw new DatabaseStartError(
      `DATA_DIR: the database in ${data} belongs to user ${owner.uid}, but this is user ${self}. ` +
        `Start as root or as user ${owner.uid}, or hand it over: chown -R ${self} ${directory}`,
    )
  }
  if (owner?.uid === 0) {
    throw new DatabaseStartError(
      `DATA_DIR: the database in ${data} belongs to root, as which PostgreSQL refuses to run. ` +
        `Give it to an ordinary user: chown -R ${NOBODY.uid}:${NOBODY.gid} ${resolve(data, '..')}`,
    )
  }
  const { uid, gid } = owner ?? (await stat(directory))
  return uid === 0 ? NOBODY : { uid, gid }
}

/** Made aside and renamed: a kill leaves no half cluster, and of two processes one is first and the other uses its. */
async function createCluster(place: {
  directory: string
  home: string
  user: ServerUser | null
  programs: ServerPrograms
}): Promise<void> {
  const { directory, home, user, programs } = place
  await removeAbandoned(directory)
  const draft = join(directory, `postgres.new-${randomBytes(6).toString('hex')}`)
  const [data, passwordFile] = [join(draft, 'data'), join(draft, 'password')]
  try {
    await mkdir(data, { recursive: true })
    await writeFile(passwordFile, randomBytes(32).toString('base64url'), { mode: 0o600, flush: true })
    // initdb, unlike the server, wants its user to have a name: as root it runs as nobody, whoever gets the files.
    const maker = user && NOBODY
    if (maker !== null) await handOver([data, passwordFile], maker)
    await runInitdb({ programs, data, passwordFile, maker })
    if (user !== null && user.uid !== NOBODY.uid) {
      const files = await readdir(data, { recursive: true })
      await handOver([data, passwordFile, ...files.map((name) => join(data, name))], user)
    }
    await sync(draft)
    await rename(draft, home).catch((error) => {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error
    })
    await sync(directory)
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
}

async function runInitdb(place: {
  programs: ServerPrograms
  data: string
  passwordFile: string
  maker: ServerUser | null
}): Promise<void> {
  const { programs, data, passwordFile, maker } = place
  const password = await open(passwordFile)
  try {
    const options = [
      `--pgdata=${fromInside(data)}`,
      `--username=${SUPERUSER}`,
      '--pwfile=/dev/stdin',
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      // Text sorts by code point, on every machine and whatever its locales are.
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
      '--locale=C',
    ]
    const stdio: StdioOptions = [password.fd, 'ignore', 'pipe']
    const { code, said } = await ending(
      // Its own process group: Ctrl-C in the terminal reaches the service, which ends when this is done.
      spawn(programs.initdb, options, { ...surroundings(data, maker), detached: true, stdio }),
    )
    if (code === 0) return
    const remedy = said.includes('could not look up effective user ID')
      ? '. Run as a user with an entry in /etc/passwd (in a container: add one), or set DATABASE_URL'
      : ''
    throw new DatabaseStartError(`The embedded database could not be made: ${said}${remedy}`)
  } finally {
    await password.close()
  }
}

async function handOver(paths: string[], { uid, gid }: ServerUser): Promise<void> {
  for (const path of paths) await chown(path, uid, gid)
}

async function removeAbandoned(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    if (!name.startsWith('postgres.new-')) continue
    const path = join(directory, name)
    const age = Date.now() - (await stat(path)).mtimeMs
    if (age > ABANDONED_AFTER_MS) await rm(path, { recursive: true, force: true })
  }
}

async function checkVersion(data: string, major: number): Promise<void> {
  const found = Number.parseInt(await readFile(join(data, 'PG_VERSION'), 'utf8'), 10)
  if (found === major) return
  throw new DatabaseStartError(
    `DATA_DIR: the database in ${data} was made by PostgreSQL ${found}, but this version of the service brings ` +
      `PostgreSQL ${major}. ` +
      (found > major
        ? 'Start the newer version of the service that made it.'
        : `Dump it with the older version's server (pg_dump), start with an empty DATA_DIR and restore the dump.`),
  )
}

/** The server's data directory as the server itself names it. */
export function fromInside(data: string): string {
  return existsSync(HERE) ? HERE : data
}

/** No variable of the service reaches the server: PG… ones would change it, others may be secrets. */
export function surroundings(data: string, user: ServerUser | null) {
  return { ...user, cwd: data, env: { PATH: process.env.PATH ?? '', LC_ALL: 'C' } }
}

async function ending(child: ChildProcess): Promise<{ code: number | null; said: string }> {
  let said = ''
  child.stderr?.setEncoding('utf8').on('data', (text) => {
    said += text
  })
  const code = await new Promise<number | null>((settle, reject) =>
    child.on('error', reject).on('close', settle),
  )
  return { code, said: said.trim() }
}

async function sync(path: string): Promise<void> {
  const handle = await open(path)
  await handle.sync().finally(() => handle.close())
}
