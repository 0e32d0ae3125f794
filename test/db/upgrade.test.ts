import { readFileSync } from 'node:fs'
import { afterEach, expect, test } from 'vitest'
import { migrate } from '../../src/db/migrate.ts'
import { migrations } from '../../src/db/migrations/index.ts'
import { type TestService, testService } from '../support/service.ts'

/** The rows of a database that version 0.1.0 wrote with these migrations, and what that version answered about them. */
const OLDER = [{ file: 'at-0002.json', through: '0002-alerts' }]

let it: TestService | undefined
afterEach(() => it?.stop())

test.each(OLDER)(
  'what was true in a database of $through is true after the upgrade',
  async ({ file, through }) => {
    const fixture = JSON.parse(
      readFileSync(new URL(`../fixtures/databases/${file}`, import.meta.url), 'utf8'),
    ) as {
      tables: Record<string, object[]>
      answers: Record<string, object>
    }
    const names = Object.keys(migrations)
    const then = names.slice(0, names.indexOf(through) + 1)
    expect(then.at(-1)).toBe(through)
    it = await testService(
      { LABEL_STUDIO_URL: 'http://127.0.0.1:9', LABEL_STUDIO_API_KEY: 'key' },
      {
        async prepare({ database }) {
          await migrate(database, Object.fromEntries(then.map((name) => [name, migrations[name] as never])))
          for (const [table, rows] of Object.entries(fixture.tables)) {
            await database.pool.query(
              `insert into ${table} overriding system value select * from json_populate_recordset(null::${table}, $1)`,
              [JSON.stringify(rows)],
            )
          }
        },
      },
    )
    for (const [path, answer] of Object.entries(fixture.answers)) {
      const { body } = await it.request().get(path)
      expect(body, path).toMatchObject(answer)
    }
    const { rows } = await it.database.database.pool.query('select name from schema_migrations order by name')
    expect(rows.map(({ name }) => name)).toEqual(names)
  },
)
