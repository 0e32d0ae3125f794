import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { endOnSignal } from './ending.ts'
import { makeHome, removeHome } from './home.ts'
import { createScreen } from './screen.ts'
import { steps, tour } from './tour.ts'

const usage = `Usage: npm run demo [-- --once]

Shows the whole service at work on this machine, with a real Label Studio, S3 server and mail server, and keeps all of it
running until Ctrl-C. The first start installs them, which takes some minutes.

  --once  end after the review
`
const checkout = fileURLToPath(new URL('..', import.meta.url))

process.exit(await demo(process.argv.slice(2)))

/** @returns the exit code: 0 also after Ctrl-C, 1 when something went wrong, 2 for a wrong call */
async function demo(args: string[]): Promise<number> {
  const options = readOptions(args)
  if (typeof options === 'number') return options
  const ending = endOnSignal()
  const ended = new Promise<null>((resolve) => ending.addEventListener('abort', () => resolve(null)))
  const broken = Promise.withResolvers<never>()
  const stopping = new AsyncDisposableStack()
  const screen = createScreen(process.stdout, steps)
  screen.heading('Label Studio Monitor: the demo. Ctrl-C ends it at any time.')

  const began = performance.now()
  let home: string | null = null
  let failure: Error | null = null
  try {
    home = await makeHome(join(checkout, '.demo'))
    const running = { stopping, onEnd: (why: string) => broken.reject(new Error(why)) }
    await Promise.race([tour({ screen, home, running, began, ...options }), broken.promise, ended])
  } catch (error) {
    failure = error as Error
  }
  screen.close()
  if (failure) process.stderr.write(`\nThe demo can't go on. ${describe(failure)}\n`)
  if (failure && home) process.stderr.write(`What the servers said is in ${relative('.', home)}.\n`)
  process.stdout.write('\nStopping everything…\n')
  await stopping.disposeAsync().catch((error) => process.stderr.write(`${describe(error)}\n`))
  if (home && !failure) await removeHome(home)
  return failure ? 1 : 0
}

function readOptions(args: string[]): { once: boolean } | number {
  try {
    const { values } = parseArgs({ args, options: { once: { type: 'boolean' }, help: { type: 'boolean' } } })
    if (!values.help) return { once: values.once ?? false }
    process.stdout.write(usage)
    return 0
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${usage}`)
    return 2
  }
}

/** With the reason that `fetch` hides. */
function describe({ message, cause }: Error): string {
  return cause instanceof Error ? `${message}: ${cause.message}` : message
}
