import { afterEach, describe, expect, test } from 'vitest'
import { MailError } from '../../src/alerts/mail.ts'
import { RETRY_DELAYS } from '../../src/alerts/outbox.ts'
import { createSchemaCheck } from '../../src/contract/schema-check.ts'
import type { MonitorDraft } from '../../src/monitors/monitor.ts'
import { openapi } from '../contract/app.ts'
import { BAD, notifications, reviewedProject, reviews } from './alerts.ts'
import { eachWithAlerts } from './fixture.ts'
import { type Received, type Receiver, receiver, signedBy } from './receiver.ts'

const it = eachWithAlerts()

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const open: Receiver[] = []
const listening = async (...answers: Parameters<typeof receiver>) => {
  const each = await receiver(...answers)
  open.push(each)
  return each
}
afterEach(() => Promise.all(open.splice(0).map((each) => each.close())))

/** A threshold fails, and the webhooks of its monitor are to be told. */
async function announced(webhooks: { url: string; secret?: string }[], emails: string[] = []) {
  const thresholds = [{ metric: 'change_rate', max: 0.5 }]
  const made = await reviewedProject(it(), { thresholds, notify: { emails, webhooks } })
  await reviews(it().database, made.project, BAD)
  await it().watch.look()
  const states = async () => (await notifications(it().database, made.run)).map(({ state }) => state)
  const settled = () => expect.poll(states).not.toContain('pending')
  return { ...made, settled, notifications: () => notifications(it().database, made.run) }
}
const change = async (changes: Partial<MonitorDraft>) => {
  const monitor = await it().monitors.find('qa-model')
  if (!monitor) throw new Error('no monitor')
  const changed = await it().monitors.replace(monitor, { ...monitor.definition, ...changes } as MonitorDraft)
  if (typeof changed === 'string') throw new Error(changed)
}

describe('a webhook', () => {
  test('gets what happened, signed, as the contract says', async () => {
    const hook = await listening(200)
    const { settled, run } = await announced([{ url: hook.url, secret: SECRET }])
    await settled()
    const [received] = hook.received as [Received]
    expect(signedBy(received, SECRET)).toEqual([SECRET])
    const body = JSON.parse(received.body)
    const where = ['components', 'schemas', 'Announcement']
    expect(createSchemaCheck(openapi)(where, structuredClone(body))).toEqual([])
    expect(body).toMatchObject({
      type: 'threshold.failed',
      data: {
        project: 12,
        monitor: 'qa-model',
        run,
        threshold: { metric: 'change_rate', max: 0.5, state: 'fail', value: 0.9, reviewed: 100 },
        state: 'fail',
        previous_state: 'ok',
        reminder: false,
        verdict: 'fail',
        coverage: { tasks: 200, reviewed: 100 },
        change_rate: { changed: 90, reviewed: 100 },
        links: {
          run: `https://monitor.test/runs/${run}`,
          evaluation: 'https://monitor.test/evaluations/12',
          gate: 'https://monitor.test/evaluations/12/gate',
          export: 'https://monitor.test/evaluations/12/export?format=preference&changed=true',
          label_studio: 'http://label-studio.test/projects/12',
        },
      },
    })
    expect(Object.keys(body)).toEqual(['type', 'timestamp', 'data'])
    expect(body.data.since).toBe(body.timestamp)
  })

  test('that fails at first gets the same message again, with the time of the new attempt', async () => {
    const hook = await listening(500, 200)
    const { settled, notifications } = await announced([{ url: hook.url, secret: SECRET }])
    await settled()
    expect(hook.received).toHaveLength(2)
    const [first, second] = hook.received as [Received, Received]
    expect(second.headers['webhook-id']).toBe(first.headers['webhook-id'])
    expect(second.body).toBe(first.body)
    expect(Number(second.headers['webhook-timestamp'])).toBeGreaterThan(
      Number(first.headers['webhook-timestamp']),
    )
    expect(signedBy(second, SECRET)).toEqual([SECRET])
    expect(await notifications()).toMatchObject([
      { state: 'sent', attempts: 2, error: null, next_attempt_at: null },
    ])
  })

  test.each([
    [400, /answered 400/],
    [404, /answered 404/],
    [408, /answered 408/],
    [429, /answered 429/],
    [302, /redirects \(302\), which is not followed; mend the URL/],
  ])('that answers %i is called again', async (status, says) => {
    const hook = await listening(status, 204)
    const { settled, notifications } = await announced([{ url: hook.url }])
    await expect.poll(async () => (await notifications())[0]?.attempts).toBe(1)
    const [waiting] = await notifications()
    expect(waiting?.error).toMatch(says)
    expect(waiting?.state).toBe('pending')
    expect(Date.parse(waiting?.next_attempt_at ?? '')).toBeGreaterThan(Date.now() - 60_000)
    await settled()
    expect(await notifications()).toMatchObject([{ state: 'sent', attempts: 2 }])
  })

  test('that asks to wait is not called before', async () => {
    const hook = await listening((response) => response.writeHead(429, { 'retry-after': '3600' }).end())
    const { notifications } = await announced([{ url: hook.url }])
    await expect.poll(async () => (await notifications())[0]?.attempts).toBe(1)
    const next = Date.parse((await notifications())[0]?.next_attempt_at ?? '')
    expect(next).toBeGreaterThan(Date.now() + 3_500_000)
    expect(next).toBeLessThan(Date.now() + 3_700_000)
  })

  test('that never takes it is given up after the last attempt', async () => {
    const hook = await listening(500)
    const { settled, notifications } = await announced([{ url: hook.url }])
    await settled()
    expect(hook.received).toHaveLength(4)
    expect(await notifications()).toMatchObject([
      { state: 'failed', attempts: 4, error: `127.0.0.1:${hook.port} answered 500.`, next_attempt_at: null },
    ])
  })

  test('that answers 410 is stopped, which its monitor shows, and can be started again', async () => {
    const hook = await listening(410, 200)
    const other = await listening(200)
    const webhooks = [{ url: hook.url, secret: SECRET }, { url: other.url }]
    const first = await announced(webhooks)
    await first.settled()
    const [stopped, still] = (await it().monitors.find('qa-model'))?.definition.notify.webhooks ?? []
    expect(Date.parse(stopped?.disabled_at ?? '')).toBeGreaterThan(Date.now() - 60_000)
    expect(still?.disabled_at).toBeNull()
    const refused = expect.objectContaining({ to: [hook.url], state: 'failed', attempts: 1 })
    expect(await first.notifications()).toContainEqual(refused)

    await reviews(it().database, 12, { reviewed: 100, changed: 2 })
    await it().watch.look()
    await first.settled()
    expect(hook.received).toHaveLength(1)
    expect(other.received).toHaveLength(2)

    await change({ notify: { webhooks: [{ url: hook.url, secret: SECRET, disabled_at: null }] } })
    await reviews(it().database, 12, BAD)
    await it().watch.look()
    await first.settled()
    expect(hook.received).toHaveLength(2)
    expect(signedBy(hook.received[1] as Received, SECRET)).toEqual([SECRET])
  })

  test('whose secret changed meanwhile is signed for by the new one', async () => {
    const hook = await listening(500, 200)
    const { settled, notifications } = await announced([{ url: hook.url, secret: SECRET }])
    await expect.poll(async () => (await notifications())[0]?.attempts).toBe(1)
    await change({ notify: { webhooks: [{ url: hook.url, secret: `whsec_bmV3 ${SECRET}` }] } })
    await settled()
    expect(signedBy(hook.received[1] as Received, SECRET, 'whsec_bmV3')).toHaveLength(2)
  })

  test('that was removed meanwhile gets nothing more', async () => {
    const hook = await listening(500, 200)
    const { settled, notifications } = await announced([{ url: hook.url }])
    await expect.poll(async () => (await notifications())[0]?.attempts).toBe(1)
    await change({ notify: { webhooks: [] } })
    await settled()
    expect(hook.received).toHaveLength(1)
    expect(await notifications()).toMatchObject([
      { state: 'failed', error: expect.stringMatching(/no such webhook/) },
    ])
  })

  test('that is slow keeps neither mails nor other webhooks waiting', async () => {
    const slow = await listening(() => {})
    const quick = await listening(200)
    const { notifications } = await announced([{ url: slow.url }, { url: quick.url }], ['ml@example.org'])
    await expect.poll(() => quick.received.length + it().mails.length).toBe(2)
    expect((await notifications()).find(({ to }) => to.includes(slow.url))).toMatchObject({ attempts: 0 })
  })

  test('has a secret that is found nowhere', async () => {
    const hook = await listening(500, 200)
    const { settled } = await announced([{ url: hook.url, secret: SECRET }])
    await settled()
    const tables = ['monitors', 'runs', 'deliveries', 'pgboss.job']
    const rows = await Promise.all(tables.map((table) => it().database.pool.query(`select * from ${table}`)))
    const kept = JSON.stringify(rows.map((each) => each.rows))
    for (const part of [SECRET, SECRET.slice(6)]) {
      expect(kept).not.toContain(part)
      expect(it().logged.join('')).not.toContain(part)
      expect(hook.received[0]?.body).not.toContain(part)
    }
  })
})

test('attempts come ever more rarely, four in the first two minutes, and go on for a day', () => {
  expect(RETRY_DELAYS).toEqual(RETRY_DELAYS.toSorted((a, b) => a - b))
  const times = RETRY_DELAYS.map((_, n) =>
    RETRY_DELAYS.slice(0, n + 1).reduce((sum, delay) => sum + delay, 0),
  )
  expect(times.filter((seconds) => seconds <= 120)).toHaveLength(4)
  expect((times.at(-1) ?? 0) / 3_600).toBeCloseTo(24, 0)
})

test('a mail says what happened and where to read on', async () => {
  const { settled, run } = await announced([], ['ml@example.org', 'ops@example.org'])
  await settled()
  const [mail] = it().mails
  expect(mail?.to).toEqual(['ml@example.org', 'ops@example.org'])
  expect(mail?.subject).toBe('Threshold failed: change_rate, QA model 2024-11-11..2024-11-12')
  for (const text of [
    'change_rate is surely outside of what is allowed (at most 0.5)',
    'http://label-studio.test/projects/12',
    'https://monitor.test/evaluations/12/export?format=preference&changed=true',
    '100 (200 tasks in all)',
    'https://monitor.test/#/evaluations/12',
    `https://monitor.test/#/runs/${run}`,
  ]) {
    expect(mail?.text).toContain(text)
  }
})

describe('a mail that is not taken', () => {
  test('is sent again where that may help', async () => {
    it().refusals.push(
      new MailError('The SMTP server mail.test could not be used (Connection timeout).', true),
    )
    const { settled, notifications } = await announced([], ['ml@example.org'])
    await settled()
    expect(await notifications()).toMatchObject([{ kind: 'email', state: 'sent', attempts: 2, error: null }])
    expect(it().mails).toHaveLength(1)
  })

  test('is not sent again where it will not', async () => {
    it().refusals.push(new MailError('The SMTP server refused the login.', false))
    const { settled, notifications } = await announced([], ['ml@example.org'])
    await settled()
    expect(await notifications()).toMatchObject([
      { state: 'failed', attempts: 1, error: 'The SMTP server refused the login.' },
    ])
  })
})

test('nothing is told of what was rolled back', async () => {
  const hook = await listening(200)
  const { run } = await reviewedProject(it(), { notify: { webhooks: [{ url: hook.url }] } })
  const { database, outbox, mails } = it()
  const rolledBack = database.kysely.transaction().execute(async (tx) => {
    const mail = { subject: 's', text: 't', html: 'h' }
    const announcement = { type: 'run.ready' as const, at: new Date(), run, project: null, mail, data: {} }
    await outbox.announce(tx, announcement, { emails: ['ml@example.org'], webhooks: [{ url: hook.url }] })
    throw new Error('rolled back')
  })
  await expect(rolledBack).rejects.toThrow('rolled back')
  await new Promise((resolve) => setTimeout(resolve, 500))
  expect([hook.received, mails]).toEqual([[], []])
  expect(await notifications(database, run)).toEqual([])
})

test('a run shows its last hundred notifications', async () => {
  const { run } = await reviewedProject(it())
  const { database } = it()
  const values = Array.from({ length: 130 }, (_, n) => ({
    id: `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`,
    kind: 'email' as const,
    type: 'threshold.failed' as const,
    run_id: run,
    recipients: JSON.stringify([`${n}@example.org`]),
    message: '{}',
    state: 'sent' as const,
    created_at: new Date(Date.UTC(2024, 0, 1, 0, n)),
  }))
  await database.kysely
    .insertInto('deliveries')
    .values(values as never)
    .execute()
  const shown = await notifications(database, run)
  expect(shown.map(({ to }) => to[0])).toEqual(values.slice(30).map((_, n) => `${n + 30}@example.org`))
})
