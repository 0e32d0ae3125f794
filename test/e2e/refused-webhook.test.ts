import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startLabelStudio } from '../../demo/services/label-studio.ts'
import { type Call, labelStudioApi } from '../../demo/services/label-studio-api.ts'
import { createReviewer } from '../../demo/services/reviewer.ts'
import type { Run } from '../../src/contract/types.ts'
import { type Rig, startRig } from './rig/rig.ts'
import { evaluationBecomesEqual } from './support/becomes-equal.ts'
import { withText } from './support/reviews.ts'
import { type RunningService, startService } from './support/service.ts'
import { putSmallLogs, SMALL, smallMonitor } from './support/small-monitor.ts'

/** How long an annotation may take to count where the service has to ask for it. */
const POLLED_WITHIN_MS = 25_000

let rig: Rig
beforeAll(async () => {
  rig = await startRig()
  await putSmallLogs(rig)
})
afterAll(() => rig?.stop())

describe.each([
  {
    why: 'its address is a private one',
    name: 'private',
    env: {} as Record<string, string>,
    ssrfProtection: true,
    problem: /reserved network address/,
    remedy: /SSRF_PROTECTION_ENABLED=false.*PUBLIC_URL/,
  },
  {
    why: 'its host has no dot',
    name: 'dotless',
    env: { PUBLIC_URL: 'http://monitor:9090' },
    ssrfProtection: false,
    problem: /Enter a valid URL/,
    remedy: /host names with a dot.*PUBLIC_URL.*now http:\/\/monitor:9090/,
  },
])(
  'where Label Studio refuses the webhook because $why',
  ({ name, env, ssrfProtection, problem, remedy }) => {
    let call: Call
    let service: RunningService
    let run: Run
    let stop = async () => {}

    beforeAll(async () => {
      let { labelStudio } = rig
      if (ssrfProtection) {
        labelStudio = await startLabelStudio({ dataDir: join(rig.dir, 'protected'), ssrfProtection })
        stop = labelStudio.stop
      }
      call = labelStudioApi(labelStudio.url, labelStudio.token)
      service = await startService(rig, {
        dataDir: join(rig.dir, name),
        env: { LABEL_STUDIO_URL: labelStudio.url, ...env },
      })
      await service.call('POST', '/monitors', smallMonitor(rig, name))
      run = await service.run({ monitor: name, from: SMALL.from, to: SMALL.to, force: false })
    })
    afterAll(async () => {
      await service?.stop().finally(stop)
    })

    test('the run is ready, and says why and how to mend it', () => {
      expect(run).toMatchObject({
        status: 'ready',
        error: null,
        progress: { tasks_imported: SMALL.total },
        webhook: {
          registered: false,
          problem: expect.stringMatching(problem),
          remedy: expect.stringMatching(remedy),
        },
      })
    })

    test('so does the mail', async () => {
      await service.runThat(run.id, ({ notifications }) => notifications[0]?.state === 'sent', 10_000)
      const mail = rig.smtp.messages.find(({ recipients }) => recipients.includes(`${name}@example.org`))
      const text = mail?.text?.replace(/\s+/g, ' ')
      expect(text).toMatch(problem)
      expect(text).toMatch(remedy)
    })

    test('the evaluation follows all the same, because the service asks Label Studio', async () => {
      const project = run.project?.id as number
      const reviewer = createReviewer(call)
      const options = {
        controls: { answer: 'textarea', topics: 'choices', stars: 'rating' },
        strata: run.strata,
        withinMs: POLLED_WITHIN_MS,
      }
      const next = async () => (await reviewer.next(project))?.id as number
      await reviewer.accept(await next())
      const { id } = await reviewer.edit(await next(), withText('Edited.'))
      await reviewer.skip(await next())
      const ms = await evaluationBecomesEqual(service, call, project, options)
      await reviewer.remove(id)
      await call('DELETE', `/api/tasks/${await next()}/`)
      const again = await evaluationBecomesEqual(service, call, project, options)
      console.log(
        `${name}: polled after ${[ms, again].map((each) => (each / 1000).toFixed(1)).join(' s and ')} s`,
      )
      expect((await service.evaluation(project)).freshness).toMatchObject({
        webhook_active: false,
        last_event_at: null,
        last_reconciled_at: expect.any(String),
      })
    })
  },
)
