import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BrowserContext, chromium } from 'playwright-core'

const PROGRAM = '/usr/bin/chromium'
/** Whether this machine has it. */
export const hasBrowser = existsSync(PROGRAM)

const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // Whatever a page asks for beside this machine has no address.
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost',
]

export interface Browser {
  context: BrowserContext
  close(): Promise<void>
}

/** Debian's Chromium without a window, as a person who uses it for the first time. It reaches the loopback only. */
export async function launchBrowser(): Promise<Browser> {
  const profile = await mkdtemp(join(tmpdir(), 'lsm-browser-'))
  const remove = () => rm(profile, { recursive: true, force: true })
  try {
    const context = await chromium.launchPersistentContext(profile, {
      executablePath: PROGRAM,
      headless: true,
      args: ARGS,
      viewport: { width: 1280, height: 900 },
    })
    return {
      context,
      async close() {
        await context.close()
        await remove()
      },
    }
  } catch (error) {
    await remove()
    throw error
  }
}
