import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { test as each, describe as suite } from 'vitest'
import { hasBrowser, launchBrowser } from '../e2e/support/browser.ts'
import { type TestService, testService } from '../support/service.ts'

/** Of what needs a browser, and is skipped where there is none. */
export const test = each.runIf(hasBrowser)
export const describe = suite.runIf(hasBrowser)

/** In pixels: longer ones take the browser many seconds. */
const MAX_SHOT_HEIGHT = 20_000
const SHOTS = join(import.meta.dirname, '../../artifacts/dashboard')

/** A Label Studio that is set, so that pages link to it, and that nobody answers for. */
export const LABEL_STUDIO = {
  LABEL_STUDIO_URL: 'http://127.0.0.1:1',
  LABEL_STUDIO_API_KEY: 'label-studio-key',
}

export interface Opened {
  service: TestService
  page: Page
  /** What the page asked other hosts for. */
  outside: string[]
  /** Errors that the page threw or the browser reported. */
  complaints: string[]
  /** What the page sent beside GET, as "METHOD /path". */
  changes: string[]
  /** Goes to a view, such as `#/runs`, and waits until `isDrawn` is there. */
  go(hash: string, isDrawn: string): Promise<void>
  /** Keeps a picture of the page for people to look at, of its beginning where it is very long. */
  shot(name: string): Promise<void>
  stop(): Promise<void>
}

/** A service of its own, and a browser that looks at it. */
export async function openService(settings: Record<string, string> = LABEL_STUDIO): Promise<Opened> {
  mkdirSync(SHOTS, { recursive: true })
  const service = await testService(settings)
  const { url } = service.service
  const browser = await launchBrowser()
  const page = await browser.context.newPage()
  page.setDefaultTimeout(60_000)
  const outside: string[] = []
  const complaints: string[] = []
  const changes: string[] = []
  page.on('request', (request) => {
    if (!request.url().startsWith(url)) {
      if (!request.url().startsWith('data:')) outside.push(request.url())
    } else if (request.method() !== 'GET')
      changes.push(`${request.method()} ${new URL(request.url()).pathname}`)
  })
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(`${message.text()} ${message.location().url}`)
  })
  page.on('pageerror', (error) => complaints.push(String(error)))
  return {
    ...{ service, page, outside, complaints, changes },
    async go(hash, isDrawn) {
      // from one view to another of the same page, what was there would stay for a moment
      await page.goto('about:blank')
      await page.goto(`${url}/${hash}`)
      await page.waitForSelector(isDrawn)
    },
    async shot(name) {
      const height = Number(await page.evaluate('document.documentElement.scrollHeight'))
      await page.screenshot({ path: join(SHOTS, `${name}.png`), fullPage: height < MAX_SHOT_HEIGHT })
    },
    async stop() {
      await browser.close()
      await service.stop()
    },
  }
}

export const LOOKS = [
  { look: 'light', colorScheme: 'light', width: 1280 },
  { look: 'dark', colorScheme: 'dark', width: 1280 },
  { look: 'phone', colorScheme: 'light', width: 390 },
  { look: 'phone-dark', colorScheme: 'dark', width: 390 },
] as const

export async function looksLike(page: Page, { colorScheme, width }: (typeof LOOKS)[number]): Promise<void> {
  await page.emulateMedia({ colorScheme })
  await page.setViewportSize({ width, height: width < 500 ? 844 : 900 })
}

/** How wide what is drawn is: more than the screen would have to be moved sideways to be read. */
export async function widthOf(page: Page): Promise<number> {
  return Number(await page.evaluate('document.documentElement.scrollWidth'))
}
