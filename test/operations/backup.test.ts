import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createLogger } from '../../src/commands/logger.ts'
import { loadConfig } from '../../src/config.ts'
import { openDatabase } from '../../src/db/database.ts'
import { withKeptSecrets } from '../../src/kept-secret.ts'
import { startService } from '../../src/service.ts'
import { onServer, testDatabase } from '../support/database.ts'
import { silent } from '../support/log.ts'
import { monitorInput } from '../support/monitors.ts'
import { answered, reviewedProject } from '../support/reviewed.ts'
import { snippetsBelow } from '../support/snippets.ts'

const DOC = 'docs/operations.md'
const S3_MONITOR = monitorInput({
  source: {
    type: 's3',
    bucket: 'logs',
    key_pattern: '{YYYY}.txt',
    endpoint: 'http://127.0.0.1:9',
    credentials: { access_key_id: 'an-id', secret_access_key: 'a-secret' },
  },
})

/** The commands of a section of the document, as a person would type them. */
async function type(commands: string | undefined, env: Record<string, string>): Promise<void> {
  if (!commands) throw new Error(`${DOC} has no such commands`)
  const PATH = `/usr/lib/postgresql/15/bin:${process.env.PATH}`
  await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', commands], { env: { PATH, ...env } })
}

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'label-studio-monitor-backup-'))
  // the embedded server runs as another user where this one is root
  await chmod(directory, 0o755)
})
afterEach(() => rm(directory, { recursive: true, force: true }))

/** Starts the service, looks at it, and stops it. */
async function visit<T>(settings: Record<string, string>, look: (url: string) => Promise<T>): Promise<T> {
  const env = { PORT: '0', RECONCILE_INTERVAL: '0', ...settings }
  const config = await withKeptSecrets(loadConfig(env))
  const service = await startService({
    config,
    version: '0',
    log: createLogger('silent' as never, { write() {} }),
  })
  try {
    return await look(service.url)
  } finally {
    await service.stop()
  }
}

const post = async (url: string, body: object) => {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (!response.ok) throw new Error(await response.text())
}
const get = async (url: string): Promise<unknown> => (await fetch(url)).json()
/** All that must come back; the preview fails differently when the credentials can't be opened. */
const everything = async (url: string) => ({
  evaluation: await get(`${url}/evaluations/9`),
  monitor: await get(`${url}/monitors/qa-model`),
})

async function fill(settings: { databaseUrl: string | null; dataDir: string }): Promise<void> {
  const database = await openDatabase({ ...settings, log: silent })
  await reviewedProject(database, { project: 9, tasks: [answered('a', 'x', 'y'), answered('b', 'x')] })
  await database.close()
}

describe('a backup, made and put back by the commands that are written down', () => {
  test('of the embedded database brings back evaluations, monitors and secrets', {
    timeout: 120_000,
  }, async () => {
    const dataDir = join(directory, 'data')
    const env = { DATA_DIR: dataDir, BACKUP: join(directory, 'backup.tar') }
    const [backup, restore] = snippetsBelow(DOC, 'The embedded database', 'bash')
    await visit(env, (url) => post(`${url}/monitors`, S3_MONITOR))
    await fill({ databaseUrl: null, dataDir })
    const before = await visit(env, everything)
    const secret = await readFile(join(dataDir, 'secret-key'), 'utf8')
    await type(backup, env)

    // what happens after it is gone afterwards
    await visit(env, (url) => post(`${url}/monitors`, { ...S3_MONITOR, name: 'later' }))
    await rm(join(dataDir, 'secret-key'))
    await type(restore, env)
    expect(await visit(env, everything)).toEqual(before)
    expect(await visit(env, (url) => get(`${url}/monitors/later`))).toMatchObject({ status: 404 })
    expect(await readFile(join(dataDir, 'secret-key'), 'utf8')).toBe(secret)
  })

  test('of a PostgreSQL server brings back evaluations and monitors', async ({ skip }) => {
    const { rows } = await onServer('show server_version_num')
    const major = Math.floor(Number(rows[0].server_version_num) / 10_000)
    skip(
      major > 15 || !existsSync('/usr/lib/postgresql/15/bin/pg_dump'),
      `needs a pg_dump of PostgreSQL ${major}; PostgreSQL 15 is tested against`,
    )
    const [backup, restore] = snippetsBelow(DOC, 'A PostgreSQL server', 'bash')
    const database = await testDatabase({ migrated: false })
    const empty = await testDatabase({ migrated: false })
    const env = {
      DATA_DIR: join(directory, 'data'),
      DATABASE_URL: database.url,
      BACKUP: join(directory, 'backup.dump'),
    }
    try {
      await visit(env, (url) => post(`${url}/monitors`, S3_MONITOR))
      await fill({ databaseUrl: database.url, dataDir: '' })
      const before = await visit(env, async (url) => {
        await type(backup, env) // while it runs
        return everything(url)
      })
      await visit(env, (url) => post(`${url}/monitors`, { ...S3_MONITOR, name: 'later' }))
      const restored = { ...env, DATABASE_URL: empty.url }
      await type(restore, restored)
      expect(await visit(restored, everything)).toEqual(before)
      expect(await visit(restored, (url) => get(`${url}/monitors/later`))).toMatchObject({ status: 404 })
    } finally {
      await database.drop()
      await empty.drop()
    }
  })
})

test('the running embedded server lets in a pg_dump called as it is written down', async () => {
  const dataDir = join(directory, 'data')
  const [dump = ''] = snippetsBelow(DOC, 'Upgrade', 'sh')
  const option = (name: string) => new RegExp(`--${name} "?(\\S+?)"?(?:\\s|$)`).exec(dump)?.[1]
  expect(option('host')).toBe('$(realpath')
  expect(dump).toContain('"$(realpath "$DATA_DIR")/postgres/data"')
  expect(dump).toContain('PGPASSWORD=$(cat "$DATA_DIR/postgres/password")')
  await visit({ DATA_DIR: dataDir }, async () => {
    const client = new pg.Client({
      host: join(dataDir, 'postgres/data'),
      user: option('username') as string,
      password: (await readFile(join(dataDir, 'postgres/password'), 'utf8')).trim(),
      database: dump.trim().split(' ').at(-1) as string,
    })
    await client.connect()
    const { rows } = await client.query('select count(*)::int as count from schema_migrations')
    await client.end()
    expect(rows[0].count).toBeGreaterThan(0)
  })
})
