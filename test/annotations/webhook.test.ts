import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { WebhookReport } from '../../src/annotations/webhook.ts'
import { registerWebhook } from '../../src/annotations/webhook.ts'
import type { Database } from '../../src/db/database.ts'
import { LabelStudioError, type LabelStudioWebhook } from '../../src/labeling/client.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'
import type { FakeLabelStudio } from './fake-label-studio.ts'
import { WEBHOOK, World } from './world.ts'

let db: TestDatabase
let database: Database
beforeAll(async () => {
  db = await testDatabase()
  database = db.database
})
afterAll(() => db?.drop())

let world: World
let fake: FakeLabelStudio
let project: number
beforeEach(async () => {
  world = new World(database, [], (Date.now() - 60_000) * 1000)
  ;({ fake, project } = world)
  await world.startRun()
})
afterEach(() => world.remove())

const register = () => registerWebhook({ database, labelStudio: fake.api, webhook: WEBHOOK }, project, null)
const row = () =>
  database.kysely
    .selectFrom('projects')
    .select(['webhook_id', 'webhook_active', 'webhook_problem', 'polled'])
    .where('project_id', '=', project)
    .executeTakeFirstOrThrow()
const hooks = () => [...fake.hooks.values()]
/** The only webhook. */
const hook = () => hooks()[0] as LabelStudioWebhook
const tended = async (): Promise<WebhookReport | null> => (await world.reconcile()).webhook

describe('the webhook that the service registered', () => {
  let registered: LabelStudioWebhook
  beforeEach(async () => {
    await register()
    registered = structuredClone(hook())
  })

  test('is left alone while it is as it was', async () => {
    fake.calls.length = 0
    expect(await tended()).toEqual({ active: true, repaired: [], problem: null })
    expect(fake.calls).not.toContainEqual(expect.stringMatching(/(create|update|delete) webhook/))
  })

  test.each<[sentence: string, act: () => void, repaired: WebhookReport['repaired']]>([
    ['is switched on again', () => Object.assign(hook(), { is_active: false }), ['switched_on']],
    ['gets its URL back', () => Object.assign(hook(), { url: 'http://elsewhere.test/' }), ['corrected']],
    ['gets its secret back', () => Object.assign(hook(), { headers: {} }), ['corrected']],
    [
      'gets the new secret in place of the old one',
      () => Object.assign(hook(), { headers: { 'X-Webhook-Secret': WEBHOOK.secrets[1] } }),
      ['corrected'],
    ],
    ['gets its actions back', () => Object.assign(hook(), { actions: ['TASKS_CREATED'] }), ['corrected']],
    ['sends what happened again', () => Object.assign(hook(), { send_payload: false }), ['corrected']],
    [
      'no longer wants the actions that break Label Studio',
      () => Object.assign(hook(), { send_for_all_actions: true }),
      ['corrected'],
    ],
    [
      'is switched on and set right at once',
      () => Object.assign(hook(), { is_active: false, headers: {} }),
      ['switched_on', 'corrected'],
    ],
    ['is registered again when it was deleted', () => fake.hooks.clear(), ['registered']],
    ['loses its double', () => fake.addWebhook(registered), ['double_removed']],
    [
      'loses its doubles, the kept one being set right',
      () => {
        fake.addWebhook(registered)
        fake.addWebhook({ ...registered, is_active: false })
        Object.assign(hook(), { is_active: false })
      },
      ['switched_on', 'double_removed'],
    ],
  ])('%s', async (_sentence, act, repaired) => {
    act()
    expect(await tended()).toEqual({ active: true, repaired, problem: null })
    const { id } = hook()
    expect(hooks()).toEqual([{ ...registered, id }])
    expect(await row()).toEqual({
      webhook_id: id,
      webhook_active: true,
      webhook_problem: null,
      polled: false,
    })
    expect(await tended()).toEqual({ active: true, repaired: [], problem: null })
  })

  test('is set right before the tasks are listed, so that no change falls between', async () => {
    fake.hooks.clear()
    fake.calls.length = 0
    await tended()
    expect(fake.calls.indexOf('create webhook')).toBeLessThan(fake.calls.indexOf('tasks identity'))
    // Changes of the project since it was read, before the webhook was there.
    expect(fake.calls.lastIndexOf('project')).toBeGreaterThan(fake.calls.indexOf('create webhook'))
  })

  test.each<[string, Partial<LabelStudioWebhook>]>([
    ['with another path', { url: 'http://monitor.test/ml/new-secret/webhook', headers: {} }],
    ['to somebody else', { url: 'http://elsewhere.test/webhook', headers: {} }],
  ])('does not touch one that somebody registered beside it %s', async (_where, fields) => {
    const other = fake.addWebhook({ ...registered, ...fields, is_active: false })
    const before = structuredClone(other)
    expect(await tended()).toMatchObject({ repaired: [] })
    expect(hooks()).toEqual([registered, before])
  })

  test('is polled for when Label Studio takes it no more, and registered as soon as it does', async () => {
    fake.hooks.clear()
    fake.refusal = 'URL resolves to a reserved network address (block: 127.0.0.0/8)'
    expect(await tended()).toMatchObject({ active: false, repaired: [], problem: fake.refusal })
    expect(await row()).toMatchObject({ webhook_active: false, polled: true, webhook_problem: fake.refusal })
    fake.refusal = null
    expect(await tended()).toEqual({ active: true, repaired: ['registered'], problem: null })
    expect(await row()).toMatchObject({ webhook_active: true, polled: false, webhook_problem: null })
  })

  test('does not hinder the repair of numbers when webhooks may not be seen', async () => {
    fake.api.webhooks = async () => {
      throw new LabelStudioError('unauthorized', 'This key may not.', 403)
    }
    fake.annotate([...fake.tasks.values()].find((task) => task.project === project)?.id as number, {})
    expect(await world.reconcile()).toMatchObject({
      annotations_added: 1,
      webhook: { active: true, repaired: [], problem: 'This key may not.' },
    })
  })
})

describe('a webhook that somebody registered by hand', () => {
  const byHand = {
    ...{ send_payload: true, send_for_all_actions: true, is_active: true, actions: [] },
    headers: {} as Record<string, string>,
  }
  test.each<[sentence: string, fields: Partial<LabelStudioWebhook>, active: boolean]>([
    ['with the header', { url: WEBHOOK.url, headers: { 'x-webhook-secret': 'new-secret' } }, true],
    ['with the former secret', { url: WEBHOOK.url, headers: { 'X-Webhook-Secret': 'old-secret' } }, true],
    ['with the token in its URL', { url: 'http://10.0.0.7:9090/webhook?token=new-secret' }, true],
    ['by the model URL', { url: 'http://localhost:9090/ml/new-secret/webhook' }, true],
    [
      'with a password',
      { url: WEBHOOK.url, headers: { Authorization: `Basic ${btoa('any:new-secret')}` } },
      true,
    ],
    [
      'with the header, switched off',
      { url: WEBHOOK.url, headers: { 'X-Webhook-Secret': 'new-secret' }, is_active: false },
      false,
    ],
    ['without the secret', { url: WEBHOOK.url }, false],
    ['to somebody else', { url: 'http://elsewhere.test/webhook' }, false],
  ])('%s is told of, and stays as it is', async (_how, fields, active) => {
    fake.addWebhook({ ...byHand, url: '', project, ...fields })
    const before = structuredClone(hooks())
    expect(await tended()).toEqual({ active, repaired: [], problem: null })
    expect(hooks()).toEqual(before)
    expect(await row()).toMatchObject({ webhook_id: null, webhook_active: active, polled: false })
  })

  test('that is gone is told of', async () => {
    await database.kysely.updateTable('projects').set({ webhook_active: true }).execute()
    expect(await tended()).toMatchObject({ active: false, repaired: [] })
    expect(await row()).toMatchObject({ webhook_active: false })
    expect(hooks()).toEqual([])
  })
})

test('a poll leaves a refused webhook to the next reconciliation', async () => {
  fake.refusal = 'reserved network address'
  await register()
  fake.calls.length = 0
  expect((await world.reconcile({ leaveWebhook: true })).webhook).toBeNull()
  expect(fake.calls).not.toContain('create webhook')
})
