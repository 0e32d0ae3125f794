import { readFileSync } from 'node:fs'
import { main } from './commands/main.ts'

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
