import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createLabelStudio } from '../src/labeling/client.ts'
import { createReadiness } from '../src/readiness.ts'
import { type FakeService, fakeService } from './commands/service.ts'
import { type TestDatabase, testDatabase } from './support/database.ts'

let database: TestDatabase
let labelStudio: FakeService
beforeAll(async () => {
  database = await testDatabase()
  labelStudio = await fakeService({
    'GET /api/current-user/whoami': [200, { id: 1, email: 'a@example.org' }],
  })
})
afterAll(async () => {
  await labelStudio.close()
  await database.drop()
})

/** The problems by the name of the check; null is none. */
async function look(
  settings: { url?: string | null; whoami?: () => Promise<never>; database?: object } = {},
) {
  const url = settings.url === undefined ? labelStudio.url : settings.url
  const client = createLabelStudio(url, 'key')
  const readiness = createReadiness({
    database: { ...database.database, ...settings.database },
    labelStudio: { ...client, ...(settings.whoami && { whoami: settings.whoami }) },
    config: { labelStudio: url === null ? null : { url, apiKey: 'key' } },
    patienceMs: 200,
  })
  return Object.fromEntries((await readiness()).map(({ name, problem }) => [name, problem]))
}

const broken = (kind: string, execute: () => Promise<never>) => ({
  kind,
  kysely: {
    getExecutor: () => ({
      executeQuery: execute,
      transformQuery: (node: unknown) => node,
      compileQuery: () => ({}),
    }),
  },
})
const refused = () => Promise.reject(new Error('connect ECONNREFUSED 127.0.0.1:5432'))

describe('/ready tells', () => {
  test.each<[string, Parameters<typeof look>[0], Record<string, RegExp | null>]>([
    ['that nothing is missing', {}, { database: null, label_studio: null }],
    [
      'that Label Studio is not set',
      { url: null },
      { database: null, label_studio: /set LABEL_STUDIO_URL and/ },
    ],
    [
      'that Label Studio is away',
      { url: 'http://127.0.0.1:9' },
      { database: null, label_studio: /check that it runs/ },
    ],
    [
      'that Label Studio hangs, without hanging itself',
      { whoami: () => new Promise(() => {}) },
      { database: null, label_studio: /^Label Studio did not answer within 0\.2 s\.$/ },
    ],
    [
      'that the server of the database is away',
      { database: broken('external', refused) },
      { database: /ECONNREFUSED.*: check the server that DATABASE_URL names\.$/, label_studio: null },
    ],
    [
      'that the embedded database is away',
      { database: broken('embedded', refused) },
      { database: /started again by itself; postgres\.log/, label_studio: null },
    ],
    [
      'that the database hangs',
      { database: broken('external', () => new Promise(() => {})) },
      { database: /^The database did not answer within 0\.2 s: check the server/, label_studio: null },
    ],
  ])('%s', async (_what, settings, expected) => {
    const problems = await look(settings)
    expect(Object.keys(problems)).toEqual(Object.keys(expected))
    for (const [name, problem] of Object.entries(expected)) {
      if (problem === null) expect(problems[name]).toBeNull()
      else expect(problems[name]).toMatch(problem)
    }
  })
})
