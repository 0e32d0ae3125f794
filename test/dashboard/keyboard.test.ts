import { afterAll, beforeAll, expect } from 'vitest'
import { monitorInput } from '../support/monitors.ts'
import { describe, type Opened, openService, test } from './opened.ts'
import { fillWorld } from './world.ts'

let opened: Opened
let world: Awaited<ReturnType<typeof fillWorld>>

beforeAll(async () => {
  opened = await openService()
  world = await fillWorld(opened.service)
})
afterAll(() => opened?.stop())

const VIEWS: [name: string, hash: () => string, isDrawn: string][] = [
  ['the monitors', () => '#/', 'ul.cards li:nth-child(4)'],
  ['a monitor', () => '#/monitors/qa-model', '.facts'],
  ['the form of a monitor', () => '#/new', 'form'],
  ['the runs', () => '#/runs', 'table'],
  ['a run', () => `#/runs/${world.run}`, 'progress'],
  ['an evaluation', () => `#/evaluations/${world.tickets}`, '.task'],
]

interface Focused {
  /** What has the focus, by its place in the page; null: nothing has. */
  place: number | null
  name: string
  outline: string
}

/** Everything that can be used, and numbers it in the order of the page. */
const NUMBER = `
  (() => {
    const all = document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex="0"]')
    const usable = [...all].filter((each) => !each.disabled && each.checkVisibility({ visibilityProperty: true }))
    usable.forEach((each, index) => { each.dataset.place = index })
    return usable.length
  })()`
const FOCUSED = `
  (() => {
    const { activeElement: it } = document
    const place = it?.dataset?.place
    return { place: place === undefined ? null : Number(place), name: it?.textContent?.trim().slice(0, 40) ?? '',
      outline: it ? getComputedStyle(it).outlineStyle + ' ' + getComputedStyle(it).outlineWidth : '' }
  })()`
const focused = async () => (await opened.page.evaluate(FOCUSED)) as Focused

describe('by the tab key', () => {
  test.each(VIEWS)(
    '%s: all that can be used is reached, in the order of the page, and seen',
    async (_view, hash, isDrawn) => {
      await opened.go(hash(), isDrawn)
      const count = Number(await opened.page.evaluate(NUMBER))
      expect(count).toBeGreaterThan(5)
      const places: (number | null)[] = []
      for (let presses = 0; presses < count; presses++) {
        await opened.page.keyboard.press('Tab')
        const { place, name, outline } = await focused()
        places.push(place)
        expect([name, outline]).toEqual([name, 'solid 3px'])
      }
      expect(places).toEqual(Array.from({ length: count }, (_, index) => index))
    },
  )

  test('the first is a way past what is in every view', async () => {
    await opened.go('#/runs', 'table')
    await opened.page.keyboard.press('Tab')
    expect((await focused()).name).toBe('Skip to the content')
    expect(await opened.page.locator('.skip').boundingBox()).toMatchObject({ x: 16 })
    await opened.page.keyboard.press('Enter')
    expect(await opened.page.evaluate('document.activeElement.id')).toBe('main')
    await opened.page.keyboard.press('Tab')
    expect(await opened.page.evaluate('document.activeElement.closest("main") !== null')).toBe(true)
  })
})

test('whoever follows a link goes on at the heading of the new view, and its title says which it is', async () => {
  await opened.go('#/', 'ul.cards')
  await opened.page.getByRole('link', { name: 'QA model' }).focus()
  await opened.page.keyboard.press('Enter')
  await opened.page.locator('h1:focus', { hasText: 'QA model' }).waitFor()
  expect(await opened.page.title()).toBe('QA model · Label Studio Monitor')
  await opened.page.goBack()
  await opened.page.locator('h1:focus', { hasText: 'Monitors' }).waitFor()
})

test('the form of a run opens, closes and is left by keys alone', async () => {
  await opened.go('#/monitors/qa-model', '.facts')
  const button = opened.page.getByRole('button', { name: 'Start a run' })
  await button.focus()
  await opened.page.keyboard.press('Enter')
  await opened.page.locator('#run-from:focus').waitFor()
  expect(await button.getAttribute('aria-expanded')).toBe('true')
  await opened.page.getByRole('button', { name: 'Close' }).focus()
  await opened.page.keyboard.press('Enter')
  await opened.page.locator('#run-form').waitFor({ state: 'detached' })
  await opened.page.locator('button[aria-controls="run-form"]:focus').waitFor()
})

test('what is wrong is announced, belongs to its field, and has the focus', async () => {
  await opened.go('#/new', 'form')
  await opened.page.locator('button[value=create]').focus()
  await opened.page.keyboard.press('Enter')
  await opened.page.locator('.wrong[role=alert]').first().waitFor()
  // fields are described when the page is drawn, which is a moment after the texts are there
  await opened.page.locator('[aria-invalid=true]:focus').waitFor()
  const name = opened.page.getByLabel('Name', { exact: true })
  expect(await name.getAttribute('aria-invalid')).toBe('true')
  const described = String(await name.getAttribute('aria-describedby')).split(' ')
  const texts = await Promise.all(described.map((id) => opened.page.locator(`[id="${id}"]`).textContent()))
  expect(texts.join(' ')).toContain('This is needed.')
})

test('a preview takes the focus when it is there', async () => {
  await opened.go('#/new', 'form')
  await opened.page.getByLabel('Labeling config').fill(monitorInput().labeling.config)
  await opened.page
    .getByLabel('Some lines of a log')
    .fill('Timestamp: 2024-11-11\nquestion: Why?\nanswer: Rain.\n')
  await opened.page.keyboard.press('Tab')
  await opened.page.locator('button[value=preview]').press('Enter')
  await opened.page.locator('#preview:focus').waitFor()
})

test('how a run goes and what an evaluation decides are announced', async () => {
  await opened.go(`#/runs/${world.run}`, 'progress')
  expect(await opened.page.getByRole('status').textContent()).toContain('Reading logs')
  expect(await opened.page.getByRole('progressbar', { name: 'Reading logs' }).count()).toBe(1)
  await opened.go(`#/evaluations/${world.qa}`, '.task')
  expect(await opened.page.getByRole('status').first().textContent()).toContain('Not decided')
})
