import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import supertest from 'supertest'
import { createLogger } from '../../src/commands/logger.ts'
import { loadConfig } from '../../src/config.ts'
import { withKeptSecrets } from '../../src/kept-secret.ts'
import { type Service, startService } from '../../src/service.ts'
import { type TestDatabase, testDatabase } from './database.ts'

export interface TestService {
  service: Service
  database: TestDatabase
  /** Where `file` sources read. */
  logs: string
  /** Every line that the service logged. */
  logged: string[]
  request(): ReturnType<typeof supertest>
  stop(): Promise<void>
}

/** The whole service on a free port, with a database of its own; without Label Studio unless the settings name one. */
export async function testService(
  settings: Record<string, string> = {},
  /** `prepare` fills the database before the service starts. */
  { prepare = async (_database: TestDatabase) => {} } = {},
): Promise<TestService> {
  const database = await testDatabase({ migrated: false })
  await prepare(database)
  const directory = await mkdtemp(join(tmpdir(), 'label-studio-monitor-service-'))
  const logs = join(directory, 'logs')
  const logged: string[] = []
  const config = await withKeptSecrets(
    loadConfig({
      PORT: '0',
      DATABASE_URL: database.url,
      DATA_DIR: join(directory, 'data'),
      FILE_ROOT: logs,
      WEBHOOK_SECRET: 'hook-secret',
      SECRET_KEY: 'test-secret-key',
      RECONCILE_INTERVAL: '0',
      ...settings,
    }),
  )
  const service = await startService({
    config,
    version: '0.0.0-test',
    log: createLogger('debug', { write: (line: string) => void logged.push(line) }),
    backoff: { attempts: 2, baseMs: 10, maxMs: 10 },
  })
  return {
    service,
    database,
    logs,
    logged,
    request: () => supertest(service.url),
    async stop() {
      await service.stop()
      await database.drop()
      await rm(directory, { recursive: true, force: true })
    },
  }
}
