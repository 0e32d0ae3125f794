import { once } from 'node:events'
import { createLogger } from '../../../src/commands/logger.ts'
import { loadConfig } from '../../../src/config.ts'
import { withKeptSecrets } from '../../../src/kept-secret.ts'
import { startService } from '../../../src/service.ts'

/**
 * A program: the whole service with the patience of a few seconds, so that a test sees a run fail for an outage
 * which the service itself would sit out for minutes.
 */
const config = await withKeptSecrets(loadConfig())
const service = await startService({
  config,
  version: '0.0.0-test',
  log: createLogger('info', process.stdout),
  backoff: { attempts: 4, baseMs: 500, maxMs: 2_000 },
})
await once(process, 'SIGTERM')
await service.stop()
process.exit()
