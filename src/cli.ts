import { readFileSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import { fileURLToPath } from 'node:url'
import { keepSmall } from './memory.ts'

// Before the rest is loaded, which is why that is no static import: loading makes much garbage, and with room for it a process
// has 80 MB more for the rest of its life. What is compiled and stripped of its types is kept for the next start, and for threads,
// which else spend 30 MB each on stripping.
keepSmall()
process.env.NODE_COMPILE_CACHE ??= fileURLToPath(
  new URL('../node_modules/.cache/label-studio-monitor', import.meta.url),
)
enableCompileCache(process.env.NODE_COMPILE_CACHE)
const { main } = await import('./commands/main.ts')

/** How long an orderly end may take. */
const DEADLINE_MS = 20_000
/** Ctrl-C below npm comes twice: from the terminal and from npm. */
const SAME_SIGNAL_MS = 500
/** What still holds the process after its command is done gets this long, e.g. for output on its way. */
const LINGER_MS = 1_000

const ending = new AbortController()
let askedAt = 0
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (!ending.signal.aborted) {
      askedAt = performance.now()
      setTimeout(() => process.exit(1), DEADLINE_MS).unref()
      ending.abort()
    } else if (performance.now() - askedAt > SAME_SIGNAL_MS) process.exit(1)
  })
}
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // Whoever read has read enough, e.g. `head`.
  if (error.code === 'EPIPE') process.exit(1)
  throw error
})

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
process.exitCode = await main(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  isTerminal: process.stderr.isTTY === true,
  env: process.env,
  fetch,
  signal: ending.signal,
  version,
})
setTimeout(() => process.exit(), LINGER_MS).unref()
