import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Browser, launchBrowser } from '../e2e/support/browser.ts'
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
  ['monitor', () => '#/monitors/qa-model', 'uplot-chart canvas'],
  ['monitor-without-runs', () => '#/monitors/fresh', '.empty'],
  ['new-monitor', () => '#/new', 'form'],
  ['runs', () => '#/runs', 'table'],
  ['run', () => `#/runs/${world.run}`, 'progress'],
  ['evaluation', () => `#/evaluations/${world.qa}`, '.task'],
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
