import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Browser, launchBrowser } from '../e2e/support/browser.ts'
import { monitorInput, QA_CONFIG } from '../support/monitors.ts'
import { type TestService, testService } from '../support/service.ts'
import { violations } from './accessibility.ts'
import { EVIL, fillWorld } from './world.ts'

const SHOTS = join(import.meta.dirname, '../../artifacts/dashboard')

let service: TestService
let browser: Browser
let page: Page
let world: Awaited<ReturnType<typeof fillWorld>>
const outside: string[] = []
const complaints: string[] = []

beforeAll(async () => {
  mkdirSync(SHOTS, { recursive: true })
  service = await testService()
  world = await fillWorld(service)
  browser = await launchBrowser()
  page = await browser.context.newPage()
  page.setDefaultTimeout(10_000)
  page.on('request', (request) => {
    if (!request.url().startsWith(service.service.url) && !request.url().startsWith('data:'))
      outside.push(request.url())
  })
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(`${message.text()} ${message.location().url}`)
  })
  page.on('pageerror', (error) => complaints.push(String(error)))
})
afterAll(async () => {
  await browser?.close()
  await service?.stop()
})

const VIEWS: [name: string, hash: () => string, isDrawn: string][] = [
  ['monitors', () => '#/', 'ul.cards li:nth-child(4)'],
  ['monitor', () => '#/monitors/qa-model', '.facts ~ section uplot-chart canvas'],
  ['monitor-without-runs', () => '#/monitors/fresh', '.empty'],
  ['new-monitor', () => '#/new', 'form'],
  ['runs', () => '#/runs', 'table'],
  ['run', () => `#/runs/${world.run}`, 'progress'],
  ['evaluation', () => `#/evaluations/${world.qa}`, '.task'],
  ['evaluation-blind', () => `#/evaluations/${world.blind}`, '.task mark'],
  ['evaluation-labels', () => `#/evaluations/${world.tickets}`, '.task mark'],
  ['evaluation-boxes', () => `#/evaluations/${world.shelves}`, '.task .shapes'],
  ['nothing-there', () => '#/somewhere/else', '.empty'],
]
const LOOKS = [
  { look: 'light', colorScheme: 'light', width: 1280 },
  { look: 'dark', colorScheme: 'dark', width: 1280 },
  { look: 'phone', colorScheme: 'light', width: 390 },
] as const

describe.each(LOOKS)('$look', ({ look, colorScheme, width }) => {
  beforeAll(async () => {
    await page.emulateMedia({ colorScheme })
    await page.setViewportSize({ width, height: width < 500 ? 844 : 900 })
  })

  test.each(VIEWS)('%s: axe finds nothing, nothing is wider than the screen', async (name, hash, isDrawn) => {
    await page.goto(`${service.service.url}/${hash()}`)
    await page.waitForSelector(isDrawn)
    await page.screenshot({ path: join(SHOTS, `${name}-${look}.png`), fullPage: true })
    expect(await violations(page)).toEqual([])
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width)
  })
})

test('an open run form: axe finds nothing', async () => {
  await page.goto(`${service.service.url}/#/monitors/qa-model`)
  await page.click('button[aria-controls="run-form"]')
  await page.waitForSelector('#run-form')
  await page.screenshot({ path: join(SHOTS, 'run-form-phone.png') })
  expect(await violations(page)).toEqual([])
})

test.each([
  ['sql', ['url', 'query']],
  ['http', ['url_pattern', 'manifest', 'urls', 'key_pattern']],
  ['module', ['path', 'key_pattern']],
  ['file', ['path', 'key_pattern']],
  ['s3', ['bucket', 'key_pattern']],
])('logs of %s have their fields, and axe finds nothing in them', async (source, fields) => {
  await page.goto(`${service.service.url}/#/new`)
  await page.selectOption('#source_type', source)
  for (const field of fields) await page.waitForSelector(`#${field}`)
  await page.screenshot({ path: join(SHOTS, `new-monitor-${source}.png`), fullPage: true })
  expect(await violations(page)).toEqual([])
})

test.each([
  ['template', ['record_start']],
  ['csv', ['delimiter', 'columns']],
  ['regex', ['pattern', 'record_start']],
  ['module', ['format_path']],
  ['jsonl', []],
  ['json', []],
  ['parquet', []],
  ['otlp', []],
])('records in %s have their fields, and axe finds nothing in them', async (format, fields) => {
  await page.goto(`${service.service.url}/#/new`)
  await page.selectOption('#format_type', format)
  for (const field of fields) await page.waitForSelector(`#${field}`)
  expect(await violations(page)).toEqual([])
})

test('a pasted CSV sample with its own delimiter becomes tasks', async () => {
  await page.goto(`${service.service.url}/#/new`)
  await page.selectOption('#format_type', 'csv')
  await page.fill('#delimiter', '\\t')
  await page.fill('#config', QA_CONFIG)
  await page.fill('#log_sample', 'question\tanswer\nWhy is it so?\tIt rains.')
  await page.click('button[value=preview]')
  await page.waitForSelector('#preview .task')
  expect(await page.textContent('#preview .tasks')).toContain('It rains.')
})

test('the reference of the API: axe finds nothing', async () => {
  await page.goto(`${service.service.url}/docs`)
  await page.waitForSelector('h1')
  expect(await violations(page)).toEqual([])
})

test('no view asked another host, broke the content security policy or threw', () => {
  expect(outside).toEqual([])
  expect(complaints).toEqual([])
})

test('what stands in logs is shown as text, and never runs', async () => {
  await page.goto(`${service.service.url}/#/evaluations/${world.qa}`)
  await page.waitForSelector('.task')
  expect(await page.textContent('.tasks')).toContain(EVIL)
  expect(await page.evaluate('window.__ran')).toBeUndefined()
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
    await first.goto(`${service.service.url}/`)
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

describe('with tokens', () => {
  let guarded: TestService
  let visitor: Browser
  let visited: Page

  beforeAll(async () => {
    guarded = await testService({ API_TOKENS: 'the-admin,read:the-reader' })
    await guarded
      .request()
      .post('/monitors')
      .set('authorization', 'Bearer the-admin')
      .send(monitorInput())
      .expect(201)
    visitor = await launchBrowser()
    visited = await visitor.context.newPage()
    visited.setDefaultTimeout(10_000)
  })
  afterAll(async () => {
    await visitor?.close()
    await guarded?.stop()
  })

  async function signIn(token: string) {
    await visitor.context.clearCookies()
    await visited.goto('about:blank')
    await visited.goto(`${guarded.service.url}/#/monitors/qa-model`)
    await visited.fill('input[name=token]', token)
    await visited.click('form button')
    await visited.waitForSelector('.facts')
  }

  test('the page asks for one first, and axe finds nothing there', async () => {
    await visited.goto(`${guarded.service.url}/`)
    await visited.waitForSelector('input[name=token]')
    await visited.screenshot({ path: join(SHOTS, 'sign-in-light.png') })
    expect(await violations(visited)).toEqual([])
  })

  test.each([
    ['the-reader', 0],
    ['the-admin', 1],
  ])('%s sees as many ways to write: %i', async (token, ways) => {
    await signIn(token)
    expect(await visited.locator('button[aria-controls="run-form"]').count()).toBe(ways)
    await visited.goto(`${guarded.service.url}/#/`)
    await visited.waitForSelector('ul.cards li')
    expect(await visited.locator('a[href="#/new"]').count()).toBe(ways)
  })
})
