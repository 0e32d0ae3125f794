import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readContractDocument } from '../../src/contract/document.ts'
import { TOKEN, WEBHOOK_SECRET } from '../../src/http/reference-example.ts'
import { monitorInput } from '../support/monitors.ts'
import { answered, reviewedProject } from '../support/reviewed.ts'
import { type TestService, testService } from '../support/service.ts'

const run = promisify(execFile)

const { json: document } = readContractDocument()
const EXAMPLE_RUN = '6d0d8a7c-4b7e-4c1e-8f0e-2a6d5c9b1e33'

/** By operation, where the example does not answer 2xx: there is no Label Studio here, and the run is over. */
const ELSE: Record<string, number> = {
  getReadiness: 503,
  cancelRun: 409,
  retryRun: 409,
  reconcileEvaluation: 503,
}

let service: TestService
let examples: Map<string, string>

beforeAll(async () => {
  service = await testService({ API_TOKENS: 'admin-token' })
  const { database } = service.database
  const auth = { Authorization: 'Bearer admin-token' }
  const { body: monitor } = await service
    .request()
    .post('/monitors')
    .set(auth)
    .send(monitorInput({ name: 'old' }))
  for (const project of [11, 12]) {
    const dates = { from: `2024-11-${project}`, to: `2024-11-${project}` }
    await reviewedProject(database, {
      project,
      tasks: [answered('What is a region?', 'A part.', 'A part of a result.')],
      run: { monitor, ...dates, ...(project === 12 && { id: EXAMPLE_RUN }) },
    })
  }
  const progress = { objects_total: 1, objects_done: 1, bytes_total: 1, bytes_done: 1 }
  const counted = { records_seen: 1, records_malformed: 0, tasks_total: 1, tasks_imported: 1 }
  await database.kysely
    .updateTable('runs')
    .set({ progress: JSON.stringify({ ...progress, ...counted }) })
    .execute()
  const { text } = await service.request().get('/docs')
  const found = text.matchAll(/<code class="example" data-operation="(\w+)">(.*?)<\/code>/gs)
  examples = new Map([...found].map(([, id, command]) => [id as string, unescaped(command as string)]))
})
afterAll(() => service?.stop())

/** In the order of the contract, except that what the others are about is deleted last. */
const OPERATIONS = Object.values(document.paths)
  .flatMap((item) => Object.values(item) as { operationId?: string; responses?: object }[])
  .filter(({ operationId }) => operationId !== undefined)
  .sort((a, b) => Number(a.operationId === 'deleteMonitor') - Number(b.operationId === 'deleteMonitor'))
  .map(({ operationId, responses }) => [operationId as string, Object.keys(responses ?? {})] as const)

describe('the example of', () => {
  test.each(OPERATIONS)('%s runs in a shell and is answered as the contract says', async (id, statuses) => {
    const command = examples
      .get(id)
      ?.replaceAll(TOKEN, 'admin-token')
      .replaceAll(WEBHOOK_SECRET, 'hook-secret')
    expect(command, 'an example on the page').toMatch(/^curl /)
    const { stdout } = await run('bash', ['-c', `${command} -sS -m 20 -w '\\n%{http_code}'`])
    const status = Number(stdout.slice(stdout.lastIndexOf('\n') + 1))
    const documented = statuses.some((each) => each === String(status) || (each === '5XX' && status >= 500))
    expect(documented, `${status}: ${stdout.slice(0, 300)}`).toBe(true)
    if (ELSE[id]) expect(status).toBe(ELSE[id])
    else expect(status, stdout.slice(0, 300)).toBeLessThan(300)
  })
})

function unescaped(html: string): string {
  const characters: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" }
  return html.replace(/&(amp|lt|gt|quot|#39);/g, (_, name) => characters[name] as string)
}
