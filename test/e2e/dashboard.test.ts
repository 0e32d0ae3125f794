import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createReviewer, type Region, type Reviewer } from '../../demo/services/reviewer.ts'
import type { Run } from '../../src/contract/types.ts'
import { violations } from '../dashboard/accessibility.ts'
import { type Rig, startRig } from './rig/rig.ts'
import { type Browser, launchBrowser } from './support/browser.ts'
import { REVIEW_CONFIG } from './support/logs.ts'
import { type RunningService, startService } from './support/service.ts'
import { putSmallLogs, SMALL } from './support/small-monitor.ts'

const TOKEN = 'a-token-for-the-page'
const SHOTS = join(import.meta.dirname, '../../artifacts/dashboard-e2e')
/** Of what happens in Label Studio until the page shows it. */
const SEEN_WITHIN = { timeout: 15_000 }

let rig: Rig
let service: RunningService
let browser: Browser
let page: Page
let reviewer: Reviewer
let run: Run
let loads = 0

beforeAll(async () => {
  mkdirSync(SHOTS, { recursive: true })
  rig = await startRig()
  reviewer = createReviewer(rig.call)
  service = await startService(rig, { dataDir: join(rig.dir, 'service'), env: { API_TOKENS: TOKEN } })
  browser = await launchBrowser()
  page = await browser.context.newPage()
  page.setDefaultTimeout(30_000)
  page.on('load', () => loads++)
})
afterAll(async () => {
  await browser?.close()
  await service?.stop()
  await rig?.stop()
})

const shot = (name: string) => page.screenshot({ path: join(SHOTS, `${name}.png`), fullPage: true })
const heading = () => page.textContent('h1')

test('asks for a token once, and says what to do first', async () => {
  await page.goto(service.url)
  await page.getByLabel('API token').fill('another')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('alert').getByText('not one of API_TOKENS').waitFor()
  await page.getByLabel('API token').fill(TOKEN)
  await page.keyboard.press('Enter')
  await page.getByText('No monitor yet').waitFor()
  await shot('1-nothing-yet')
  expect(await page.evaluate('document.cookie + JSON.stringify(localStorage)')).not.toContain(TOKEN)
})

test('a pasted config and log show the first tasks, and nothing is written', async () => {
  const [log] = await putSmallLogs(rig)
  await page.getByRole('link', { name: 'Make the first monitor' }).click()
  await page.getByLabel('Labeling config').fill(REVIEW_CONFIG)
  await page.getByLabel('Some lines of a log').fill(log?.body.toString().slice(0, 5_000) ?? '')
  await page.getByRole('button', { name: 'Preview' }).click()
  await page.getByText('The first tasks, as reviewers get them').waitFor()
  expect(await page.locator('#preview li.task').count()).toBeGreaterThan(2)
  await shot('2-preview')
  expect(await violations(page)).toEqual([])
  expect(await fetchJson('/monitors')).toMatchObject({ items: [] })
})

test('what is wrong is said at its field', async () => {
  await page.getByLabel('Name', { exact: true }).fill('not a slug!')
  await page.getByLabel('Bucket').fill(SMALL.bucket)
  await page.getByLabel('Key pattern').fill('qalogs_{MM}:{DD}:{YY}.txt')
  await page.getByRole('button', { name: 'Create the monitor' }).click()
  await page
    .locator('.field', { has: page.locator('#name') })
    .locator('.wrong')
    .waitFor()
  await shot('3-wrong-name')
})

test('the monitor is made by the form', async () => {
  await page.getByLabel('Name', { exact: true }).fill('qa-model')
  await page.getByLabel('Title').fill('QA model')
  await page.getByLabel('Access key id').fill(rig.s3.accessKeyId)
  await page.getByLabel('Secret access key').fill(rig.s3.secretAccessKey)
  await page.getByLabel('Records in a run').fill('12')
  await page.getByRole('button', { name: 'Create the monitor' }).click()
  await page.getByRole('heading', { name: 'QA model', level: 1 }).waitFor()
  await page.getByText('No run yet').first().waitFor()
  await shot('4-monitor')
})

test('a run is started by the form and followed until it is ready', async () => {
  await page.getByRole('button', { name: 'Start a run' }).click()
  await page.getByLabel('From').fill(SMALL.from)
  await page.getByLabel('To', { exact: true }).fill(SMALL.to)
  await page.getByRole('button', { name: 'Start', exact: true }).click()
  await page.getByRole('heading', { name: `Run over ${SMALL.from}` }).waitFor()
  await page.getByRole('status').getByText('Ready').waitFor({ timeout: 90_000 })
  await shot('5-run')
  expect(await violations(page)).toEqual([])
  const { items } = await fetchJson<{ items: Run[] }>('/runs')
  run = items[0] as Run
  expect(run.progress.tasks_imported).toBe(12)
})

test('a correction made in Label Studio appears without reloading', async () => {
  await page.getByRole('link', { name: 'Evaluation' }).click()
  await page.getByText('No review yet').waitFor()
  await shot('6-no-review-yet')
  const before = loads
  const project = run.project?.id as number
  const task = await reviewer.next(project)
  await reviewer.edit(task?.id as number, withMore('Corrected while somebody looks.'))
  await page.locator('.task ins').first().waitFor(SEEN_WITHIN)
  expect(await page.locator('.task .diff').textContent()).toContain('somebody')
  await page.getByText('Reviewers changed 1 of 1 task').waitFor(SEEN_WITHIN)
  for (let task = await reviewer.next(project); task; task = await reviewer.next(project))
    await reviewer.accept(task.id)
  await page.getByText('Reviewers changed 1 of 12 tasks').waitFor(SEEN_WITHIN)
  expect(loads).toBe(before)
  await shot('7-evaluation')
  expect(await violations(page)).toEqual([])
})

test('a changed task leads to itself in Label Studio', async () => {
  const href = await page
    .locator('.task')
    .first()
    .getByRole('link', { name: 'Open in Label Studio' })
    .getAttribute('href')
  expect(href).toContain(rig.labelStudio.url)
  expect(href).toContain(`/projects/${run.project?.id}`)
})

test('all of it can be reached by keyboard, in an order that makes sense', async () => {
  await page.goto(`${service.url}/#/`)
  await page.getByRole('heading', { name: 'Monitors', level: 1 }).waitFor()
  await page.getByRole('link', { name: 'New monitor' }).waitFor()
  await page.locator('h1').focus()
  const seen: string[] = []
  for (let presses = 0; presses < 4; presses++) {
    await page.keyboard.press('Tab')
    seen.push(String(await page.evaluate('document.activeElement.textContent.trim()')))
  }
  expect(seen.slice(0, 2)).toEqual(['New monitor', 'QA model'])
  await page.getByRole('link', { name: 'QA model' }).focus()
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'QA model', level: 1 }).waitFor()
  expect(await page.evaluate('document.activeElement.tagName')).toBe('H1')
  expect(await heading()).toBe('QA model')
})

test('whoever signs out is asked for a token again', async () => {
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByLabel('API token').waitFor()
})

/** A correction that leaves what is there. */
const withMore = (more: string) => (regions: Region[]) =>
  regions.map((region) =>
    region.from_name === 'answer' ? { ...region, value: { text: [`${region.value.text} ${more}`] } } : region,
  )

/** As the page asks, with its cookie. */
async function fetchJson<T>(path: string): Promise<T> {
  return page.evaluate(`fetch(${JSON.stringify(path)}).then((answer) => answer.json())`) as Promise<T>
}
