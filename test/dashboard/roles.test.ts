import { afterAll, beforeAll, expect } from 'vitest'
import { violations } from './accessibility.ts'
import {
  describe,
  LABEL_STUDIO,
  LOOKS,
  looksLike,
  type Opened,
  openService,
  test,
  widthOf,
} from './opened.ts'
import { fillWorld } from './world.ts'

let opened: Opened
let world: Awaited<ReturnType<typeof fillWorld>>

beforeAll(async () => {
  opened = await openService({ ...LABEL_STUDIO, API_TOKENS: 'the-admin,write:the-writer,read:the-reader' })
  world = await fillWorld(opened.service, 'the-admin')
})
afterAll(() => opened?.stop())

async function signIn(token: string): Promise<void> {
  await opened.page.context().clearCookies()
  await opened.go('#/', 'input[name=token]')
  await opened.page.fill('input[name=token]', token)
  await opened.page.click('form button')
  await opened.page.waitForSelector('ul.cards')
  opened.changes.length = 0
}

describe.each(LOOKS)('who has not signed in, $look', (look) => {
  test('is asked for a token; axe finds nothing, nothing is wider than the screen', async () => {
    await looksLike(opened.page, look)
    await opened.page.context().clearCookies()
    await opened.go('#/', 'input[name=token]')
    await opened.shot(`sign-in-${look.look}`)
    expect(await violations(opened.page)).toEqual([])
    await opened.page.fill('input[name=token]', 'nobody’s')
    await opened.page.click('form button')
    await opened.page.waitForSelector('.notice.bad')
    await opened.shot(`sign-in-refused-${look.look}`)
    expect(await violations(opened.page)).toEqual([])
    expect(await widthOf(opened.page)).toBeLessThanOrEqual(look.width)
  })
})

/** All that changes something, by the view that has it; the rest of a page only shows. */
const CHANGING: [name: string, hash: () => string, isDrawn: string, ways: string[]][] = [
  ['the monitors', () => '#/', 'ul.cards li:nth-child(4)', ['New monitor']],
  ['a monitor', () => '#/monitors/qa-model', '.facts', ['Start a run']],
  ['the form of a monitor', () => '#/new', 'form', ['Preview', 'Create the monitor']],
  ['the runs', () => '#/runs', 'table', []],
  ['a run that goes on', () => `#/runs/${world.run}`, 'progress', ['Cancel the run']],
  ['a run that failed', () => `#/runs/${world.failed}`, '.notice.bad', ['Go on with it']],
  ['a run that is ready', () => `#/runs/${world.ready}`, '.facts', []],
  ['an evaluation', () => `#/evaluations/${world.qa}`, '.task', ['Compare with Label Studio']],
]
/** What anybody may use. */
const HARMLESS = ['Sign out', 'Show more']

const controls = async () =>
  opened.page
    .locator('button:visible:not(:disabled), a.button:visible')
    .evaluateAll((all) =>
      all
        .filter((each) => !each.getAttribute('href')?.startsWith('http'))
        .map((each) => each.textContent?.trim()),
    )

describe.each([
  ['the-admin', true],
  ['the-writer', true],
  ['the-reader', false],
])('%s', (token, mayWrite) => {
  beforeAll(() => signIn(token))

  test.each(CHANGING)(`%s: has what changes something: ${mayWrite}`, async (_view, hash, isDrawn, ways) => {
    await opened.go(hash(), isDrawn)
    const others = (await controls()).filter((text) => !HARMLESS.includes(String(text)))
    expect(others.filter((text) => text !== 'Evaluation')).toEqual(mayWrite ? ways : [])
  })
})

describe('the-reader', () => {
  beforeAll(() => signIn('the-reader'))

  test.each(CHANGING)('%s: whatever is pressed, nothing is sent', async (_view, hash, isDrawn) => {
    await opened.go(hash(), isDrawn)
    for (const control of await opened.page.locator('main button, main summary, main input').all()) {
      if (!(await control.isVisible())) continue
      await control.focus()
      await opened.page.keyboard.press('Enter')
    }
    expect(opened.changes).toEqual([])
  })

  test('is told so, in every view and where a form would be', async () => {
    await opened.go('#/', 'ul.cards')
    expect(await opened.page.textContent('nav')).toContain('Read only')
    await opened.go('#/new', 'form')
    expect(await opened.page.textContent('.notice')).toContain('Your token may only read.')
    await opened.shot('new-monitor-read-only')
    expect(await violations(opened.page)).toEqual([])
  })
})
