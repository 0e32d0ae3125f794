import { afterAll, beforeAll, expect } from 'vitest'
import { launchBrowser } from '../e2e/support/browser.ts'
import { violations } from './accessibility.ts'
import { describe, LOOKS, looksLike, type Opened, openService, test, widthOf } from './opened.ts'
import { EVIL, fillWorld } from './world.ts'

let opened: Opened
let world: Awaited<ReturnType<typeof fillWorld>>

beforeAll(async () => {
  opened = await openService()
  world = await fillWorld(opened.service)
})
afterAll(() => opened?.stop())

const choose = (select: string, value: string) => () => opened.page.selectOption(select, value)

/** `act` is what somebody does there before they look. */
const VIEWS: [name: string, hash: () => string, isDrawn: string, act?: () => Promise<unknown>][] = [
  ['monitors', () => '#/', 'ul.cards li:nth-child(4)'],
  ['monitor', () => '#/monitors/qa-model', '.facts ~ section uplot-chart canvas'],
  [
    'monitor-run-form',
    () => '#/monitors/qa-model',
    '.facts',
    async () => {
      const form = '#run-form'
      if (!(await opened.page.isVisible(form))) await opened.page.click('button[aria-controls="run-form"]')
      await opened.page.waitForSelector(form)
    },
  ],
  ['monitor-without-runs', () => '#/monitors/fresh', '.empty'],
  ['new-monitor', () => '#/new', 'form'],
  ['new-monitor-file', () => '#/new', 'form', choose('#source_type', 'file')],
  ['new-monitor-http', () => '#/new', 'form', choose('#source_type', 'http')],
  ['new-monitor-sql', () => '#/new', 'form', choose('#source_type', 'sql')],
  ['new-monitor-module', () => '#/new', 'form', choose('#source_type', 'module')],
  ['new-monitor-regex', () => '#/new', 'form', choose('#format_type', 'regex')],
  ['new-monitor-csv', () => '#/new', 'form', choose('#format_type', 'csv')],
  ['new-monitor-own-format', () => '#/new', 'form', choose('#format_type', 'module')],
  [
    'new-monitor-wrong',
    () => '#/new',
    'form',
    async () => {
      await opened.page.click('button[value=create]')
      await opened.page.waitForSelector('.wrong')
    },
  ],
  ['runs', () => '#/runs', 'table'],
  ['run', () => `#/runs/${world.run}`, 'progress'],
  ['run-ready', () => `#/runs/${world.ready}`, 'table'],
  ['run-failed', () => `#/runs/${world.failed}`, '.notice.bad'],
  ['run-missing', () => '#/runs/00000000-0000-4000-8000-000000000000', '.notice.bad'],
  ['evaluation', () => `#/evaluations/${world.qa}`, '.task'],
  ['evaluation-blind', () => `#/evaluations/${world.blind}`, '.task mark'],
  ['evaluation-labels', () => `#/evaluations/${world.tickets}`, '.task mark'],
  ['evaluation-boxes', () => `#/evaluations/${world.shelves}`, '.task .shapes'],
  ['nothing-there', () => '#/somewhere/else', '.empty'],
  ['reference', () => 'docs', 'h1'],
]

describe.each(LOOKS)('$look', (look) => {
  beforeAll(() => looksLike(opened.page, look))

  test.each(VIEWS)(
    '%s: axe finds nothing, nothing is wider than the screen',
    async (name, hash, isDrawn, act) => {
      await opened.go(hash(), isDrawn)
      await act?.()
      await opened.shot(`${name}-${look.look}`)
      expect(await violations(opened.page)).toEqual([])
      expect(await widthOf(opened.page)).toBeLessThanOrEqual(look.width)
    },
  )
})

test('no view asked another host, broke the content security policy or threw', () => {
  const expected = /Failed to load resource.*(404|422|400).*/
  expect(opened.outside).toEqual([])
  expect(opened.complaints.filter((complaint) => !expected.test(complaint))).toEqual([])
})

test('what stands in logs is shown as text, and never runs', async () => {
  await opened.go(`#/evaluations/${world.qa}`, '.task')
  expect(await opened.page.textContent('.tasks')).toContain(EVIL)
  expect(await opened.page.evaluate('window.__ran')).toBeUndefined()
})

test('each changed task leads to itself in Label Studio', async () => {
  await opened.go(`#/evaluations/${world.qa}`, '.task')
  const links = opened.page.locator('.task a')
  const hrefs = await links.evaluateAll((all) => all.map((each) => each.getAttribute('href')))
  expect(hrefs.slice(0, 2)).toEqual([
    `http://127.0.0.1:1/projects/${world.qa}/data?task=${world.qa * 1000}`,
    `http://127.0.0.1:1/projects/${world.qa}/data?task=${world.qa * 1000 + 1}`,
  ])
  expect(hrefs.length).toBe(10)
})

test('the first view is small', async () => {
  const fresh = await launchBrowser()
  try {
    const first = await fresh.context.newPage()
    const sizes: Promise<number>[] = []
    first.on('requestfinished', (request) => {
      sizes.push(
        request
          .sizes()
          .then(({ responseHeadersSize, responseBodySize }) => responseHeadersSize + responseBodySize),
      )
    })
    await first.goto(`${opened.service.service.url}/`)
    await first.waitForSelector('ul.cards li:nth-child(4)')
    const seen = await first.evaluate('Math.round(performance.now())')
    const sum = (await Promise.all(sizes)).reduce((total, size) => total + size, 0)
    console.log(`first view: ${sizes.length} answers, ${Math.round(sum / 1000)} kB, usable after ${seen} ms`)
    expect(sum).toBeLessThan(150_000)
    expect(sum).toBeGreaterThan(10_000)
  } finally {
    await fresh.close()
  }
})
