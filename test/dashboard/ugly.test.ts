import { afterAll, beforeAll, expect } from 'vitest'
import { violations } from './accessibility.ts'
import { describe, LOOKS, looksLike, type Opened, openService, test, widthOf } from './opened.ts'
import { fillUglyWorld } from './ugly-world.ts'
import { EVIL } from './world.ts'

let opened: Opened
let world: Awaited<ReturnType<typeof fillUglyWorld>>

/** Without a Label Studio: what was followed before is still to be seen. */
beforeAll(async () => {
  opened = await openService({})
  world = await fillUglyWorld(opened.service)
})
afterAll(() => opened?.stop())

const VIEWS: [name: string, hash: () => string, isDrawn: string][] = [
  ['ugly-monitors', () => '#/', 'ul.cards + section'],
  ['ugly-empty', () => `#/evaluations/${world.empty}`, '.empty'],
  ['ugly-unreviewed', () => `#/evaluations/${world.unreviewed}`, '.empty'],
  ['ugly-texts', () => `#/evaluations/${world.texts}`, '.task:nth-child(9)'],
  ['ugly-labels', () => `#/evaluations/${world.labels}`, '.task'],
  ['ugly-versions', () => `#/evaluations/${world.versions}`, '.task'],
]

describe.each([LOOKS[0], LOOKS[3]])('$look', (look) => {
  beforeAll(() => looksLike(opened.page, look))

  test.each(VIEWS)('%s: axe finds nothing, nothing is wider than the screen', async (name, hash, isDrawn) => {
    await opened.go(hash(), isDrawn)
    await opened.shot(`${name}-${look.look}`)
    expect(await violations(opened.page)).toEqual([])
    expect(await widthOf(opened.page)).toBeLessThanOrEqual(look.width)
  })
})

test('markup in texts, names and strata is shown as text, and never runs', async () => {
  await opened.go(`#/evaluations/${world.texts}`, '.task:nth-child(9)')
  expect((await opened.page.textContent('main'))?.split(EVIL).length).toBeGreaterThan(4)
  expect(await opened.page.evaluate('window.__ran')).toBeUndefined()
  expect(opened.outside).toEqual([])
  expect(opened.complaints).toEqual([])
})

test('a text that is written from right to left stands so', async () => {
  await opened.go(`#/evaluations/${world.texts}`, '.task:nth-child(9)')
  const directions = await opened.page
    .locator('.task:nth-child(2) .diff, .task:nth-child(2) .sides .prose')
    .evaluateAll((all) => all.map((each) => String(each.matches(':dir(rtl)'))))
  expect(new Set(directions)).toEqual(new Set(['true']))
})

test('a very long text is shortened, and the change in its middle is seen', async () => {
  await looksLike(opened.page, LOOKS[0])
  await opened.go(`#/evaluations/${world.texts}`, '.task:nth-child(9)')
  const diff = opened.page.locator('.task:nth-child(4) .diff')
  expect(await diff.locator('ins').textContent()).toContain('Not so.')
  expect((await diff.boundingBox())?.height).toBeLessThan(500)
  await diff.locator('summary').first().click()
  expect((await diff.boundingBox())?.height).toBeGreaterThan(500)
})

test('of 300 labels those that were confused are listed, and the table is there for who wants it', async () => {
  await opened.go(`#/evaluations/${world.labels}`, '.task')
  const pairs = opened.page.locator('article table', { hasText: 'Times' }).locator('tbody tr')
  expect(await pairs.count()).toBe(20)
  expect(await pairs.first().textContent()).toMatch(/Category \d+ of the shop.*Category \d+ of the shop.*1/)
  expect(await opened.page.locator('.confusion').isVisible()).toBe(false)
  await opened.page.getByText('labels, as a table').click()
  expect(await opened.page.locator('.confusion').isVisible()).toBe(true)
})

test('two thousand changed tasks come page by page, and the reader goes on at the first new one', async () => {
  await opened.go(`#/evaluations/${world.many}`, '.task')
  const tasks = opened.page.locator('.task')
  expect(await tasks.count()).toBe(10)
  await opened.page.getByRole('button', { name: 'Show more' }).click()
  await opened.page.locator('.task:nth-child(60)').waitFor()
  await opened.page.locator('.task:nth-child(11) h3:focus').waitFor()
  await opened.page.getByRole('button', { name: 'Show more' }).click()
  await opened.page.locator('.task:nth-child(110)').waitFor()
  const headings = await tasks.locator('h3').allTextContents()
  expect(headings.length).toBe(110)
  expect(new Set(headings).size).toBe(110)
  expect(await opened.page.textContent('#changed')).toContain('110 of 2\u202f000')
})

test('two versions in a project without a monitor have a verdict', async () => {
  await opened.go(`#/evaluations/${world.versions}`, '.task')
  const row = opened.page.locator('tr', { has: opened.page.locator('th', { hasText: 'v2' }) })
  expect(await row.textContent()).toMatch(/Better\s+−100.points.*against v1/)
})

test('without LABEL_STUDIO_URL nothing claims to lead there, and the page says why', async () => {
  await opened.go(`#/evaluations/${world.versions}`, '.task')
  expect(await opened.page.textContent('.notice')).toContain('LABEL_STUDIO_URL')
  expect(await opened.page.getByText(/Review in|Open in|Compare with/).count()).toBe(0)
  const { body } = await opened.service.request().get(`/evaluations/${world.versions}`).expect(200)
  expect(body.label_studio_url).toBeNull()
  const tasks = await opened.service.request().get(`/evaluations/${world.versions}/tasks`).expect(200)
  expect(tasks.body.items[0].url).toBeNull()
})
