/**
 * The API from TypeScript, typed by the contract: npx node examples/client.ts [URL]
 *
 * In a project of your own, `npx openapi-typescript http://localhost:9090/openapi.yaml -o schema.ts` makes the types, and
 * `npm install openapi-fetch` brings the client.
 */
import createClient from 'openapi-fetch'
import type { paths } from '../src/contract/schema.ts'

const [url = 'http://localhost:9090'] = process.argv.slice(2)
const token = process.env.MONITOR_TOKEN
const monitor = createClient<paths>({
  baseUrl: url,
  headers: token ? { Authorization: `Bearer ${token}` } : {},
})

const { data: evaluations, error } = await monitor.GET('/evaluations', { params: { query: { limit: 5 } } })
if (error) throw new Error(error.detail)

for (const { project, title, change_rate, verdict } of evaluations.items) {
  const { changed, reviewed, sequence } = change_rate
  const surely = sequence
    ? `surely ${sequence.map((bound) => `${Math.round(bound * 100)} %`).join(' to ')}`
    : 'unsure'
  console.log(`${title}: ${changed} of ${reviewed} changed, ${surely}: ${verdict}`)

  const { data: tasks } = await monitor.GET('/evaluations/{project}/tasks', {
    params: { path: { project }, query: { changed: true, limit: 3 } },
  })
  for (const { task, diff } of tasks?.items ?? []) console.log(`  task ${task}: ${JSON.stringify(diff)}`)
}
