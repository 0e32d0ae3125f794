import { describe, expect, test } from 'vitest'
import { type FinishedRun, renderRunMail } from '../../src/alerts/run-mail.ts'

const serviceUrl = 'https://monitor.example.org'

const ready: FinishedRun = {
  id: '0190-run',
  monitor: 'qa-model',
  status: 'ready',
  window: { from: '2024-11-05', to: '2024-11-11' },
  progress: { records_seen: 4312, records_malformed: 0, tasks_imported: 200 },
  strata: [
    { key: '2024-11-05', seen: 4300, sampled: 188 },
    { key: '2024-11-06', seen: 12, sampled: 12 },
  ],
  project: { id: 12, title: 'QA model', url: 'https://labels.example.org/projects/12/data' },
  webhook: { problem: null, remedy: null },
  error: null,
}

const failed: FinishedRun = {
  ...ready,
  status: 'failed',
  project: null,
  progress: { records_seen: 10, records_malformed: 0, tasks_imported: 0 },
  strata: [],
  error: { message: 'The bucket logs does not exist.', remedy: 'Correct source.bucket of the monitor' },
}

/** What a reader sees of the HTML. */
function visible(html: string): string {
  return html
    .replace(/<head>.*<\/head>/s, '')
    .replace(/<[^>]*>/g, ' ')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&')
    .replace(/\s+/g, ' ')
}

const bothForms = (run: FinishedRun) => {
  const { text, html } = renderRunMail(run, { serviceUrl })
  return [text.replace(/\s+/g, ' '), visible(html)]
}

describe('a run that is ready', () => {
  test('the subject names the project', () => {
    expect(renderRunMail(ready, { serviceUrl }).subject).toBe('Ready for review: QA model')
  })

  test.each([
    ['the project', '“QA model”'],
    ['how many of how many records', '200 of 4,312 records'],
    ['the window', 'from 2024-11-05 to 2024-11-11'],
    ['the heading of the table', 'Date Records seen Sampled'],
    ['each date', '2024-11-05 4,300 188 2024-11-06 12 12'],
    ['that nothing was malformed', 'Malformed 0'],
    ['the run', '0190-run'],
    ['the page of the run', `${serviceUrl}/#/runs/`],
    ['the page of the evaluation', `${serviceUrl}/#/evaluations/12`],
  ])('text and HTML say %s', (_, expected) => {
    for (const form of bothForms(ready)) expect(form).toContain(expected)
  })

  test('text and HTML link to the project', () => {
    const { text, html } = renderRunMail(ready, { serviceUrl })
    expect(text).toContain('Open the project: https://labels.example.org/projects/12/data\n')
    expect(html).toContain('<a href="https://labels.example.org/projects/12/data"')
  })

  test('nothing is said of the webhook while it works', () => {
    for (const form of bothForms(ready)) expect(form).not.toContain('does not tell')
  })

  test('a webhook problem is told with its remedy', () => {
    const run = { ...ready, webhook: { problem: 'Enter a valid URL', remedy: 'Set PUBLIC_URL.' } }
    for (const form of bothForms(run)) {
      expect(form).toContain('Enter a valid URL. The service asks Label Studio itself instead')
      expect(form).toContain('What to mend: Set PUBLIC_URL.')
    }
  })

  test('malformed records are counted', () => {
    const run = { ...ready, progress: { ...ready.progress, records_malformed: 1034 } }
    for (const form of bothForms(run)) expect(form).toContain('Malformed 1,034')
  })

  test.each([
    [0, 'each with what the model answered'],
    [60, '140 with what the model answered and 60 on purpose without'],
    [200, 'on purpose without what the model answered'],
  ])('of 200 tasks with %i blind it says %s', (tasks_blind, words) => {
    const run = { ...ready, tasks_blind }
    for (const form of bothForms(run)) expect(form).toContain(`${words}, wait for review`)
  })

  test('strata that are no dates are not called so', () => {
    const run = { ...ready, strata: [{ key: 'refund', seen: 3, sampled: 3 }] }
    for (const form of bothForms(run)) expect(form).toContain('Stratum Records seen Sampled refund 3 3')
  })

  test.each([
    [100, false],
    [101, true],
  ])('of %i strata the table leaves out some: %s', (length, leavesOut) => {
    const strata = Array.from({ length }, (_, i) => ({ key: `class ${i}`, seen: 1, sampled: 1 }))
    for (const form of bothForms({ ...ready, strata })) expect(form.includes('And 1 more')).toBe(leavesOut)
  })

  test.each([
    ['no record', 0, 'names of the log files'],
    ['only malformed records', 8, 'format'],
  ])('a window with %s says so, and has no link', (_, records_malformed, advice) => {
    const progress = { records_seen: records_malformed, records_malformed, tasks_imported: 0 }
    const run = { ...ready, project: null, strata: [], progress }
    const { subject, html } = renderRunMail(run, { serviceUrl })
    expect(subject).toBe('No records: qa-model, 2024-11-05 to 2024-11-11')
    expect(html).not.toContain('<a ')
    for (const form of bothForms(run)) expect(form).toContain(advice)
  })
})

describe('a run that failed', () => {
  test('the subject names monitor and window', () => {
    expect(renderRunMail(failed, { serviceUrl }).subject).toBe(
      'Run failed: qa-model, 2024-11-05 to 2024-11-11',
    )
  })

  test.each([
    ['what went wrong', 'What went wrong: The bucket logs does not exist.'],
    ['what to mend', 'What to mend: Correct source.bucket of the monitor.'],
    [
      'how to retry',
      'curl -X POST -H "Authorization: Bearer $API_TOKEN" https://monitor.example.org/runs/0190-run/retry',
    ],
    ['where it stood', 'Records seen 10'],
  ])('text and HTML say %s', (_, expected) => {
    for (const form of bothForms(failed)) expect(form).toContain(expected)
  })

  test('the project that was begun is linked', () => {
    const { html } = renderRunMail({ ...failed, project: ready.project }, { serviceUrl })
    expect(html).toContain('<a href="https://labels.example.org/projects/12/data"')
  })

  test('without a reason it still says that', () => {
    for (const form of bothForms({ ...failed, error: null }))
      expect(form).toContain('no reason was recorded.')
  })
})

describe('what comes in stays text', () => {
  const hostile = `<img src=x onerror="alert(1)">'&amp;\r\nBcc: everybody@example.org\u0000\u2028\u202Egnp`
  const run: FinishedRun = {
    ...ready,
    monitor: hostile,
    project: { id: 12, title: hostile, url: 'javascript:alert(1)' },
    strata: [{ key: hostile, seen: 1, sampled: 1 }],
    webhook: { problem: hostile, remedy: hostile },
  }

  test.each([
    ['ready', run],
    ['failed', { ...run, status: 'failed' as const, error: { message: hostile, remedy: hostile } }],
    ['without a project', { ...run, project: null }],
  ])('%s: no tag, no attribute, no link of a script', (_, each) => {
    const { html } = renderRunMail(each, { serviceUrl })
    expect(html).not.toMatch(/<img|href="javascript/)
    expect(html).toContain('&lt;img src=x onerror=&quot;alert(1)&quot;&gt;&#39;&amp;amp;')
  })

  test.each([
    ['ready', run],
    ['failed', { ...run, status: 'failed' as const }],
    ['without a project', { ...run, project: null }],
  ])('%s: the subject is one line', (_, each) => {
    const { subject, text } = renderRunMail(each, { serviceUrl })
    expect(subject).toContain('Bcc: everybody@example.org')
    expect(subject).not.toMatch(/[\p{Cc}\u2028\u202E]/u)
    expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\u2028\u202E]/u)
  })

  test('a quote in a URL does not end its attribute', () => {
    const project = { id: 12, title: 'x', url: 'https://x/"onmouseover="alert(1)' }
    expect(renderRunMail({ ...ready, project }, { serviceUrl }).html).not.toMatch(/"onmouseover/)
  })

  test('a long name is cut in the subject, between whole characters', () => {
    const { subject } = renderRunMail({ ...failed, monitor: '😀'.repeat(500) }, { serviceUrl })
    expect([...subject]).toHaveLength(150)
    expect(subject.isWellFormed()).toBe(true)
  })
})

test('the HTML leaves the colours of text and ground to the mail client', () => {
  const { html } = renderRunMail(ready, { serviceUrl })
  expect(html).toContain('<meta name="color-scheme" content="light dark">')
  expect(html.replace(/<a [^>]*>/g, '')).not.toMatch(/[^-]color:|background/)
  expect(html).not.toMatch(/<style|<script|<link|<img|src=/)
})
