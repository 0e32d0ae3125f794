import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const BIN = fileURLToPath(new URL('../bin/label-studio-monitor.mjs', import.meta.url))
/** Whatever begins as this process says so. */
const SAY = 'console.error("begins", process.pid, process.env.MALLOC_ARENA_MAX)'

async function begun(args: string[], env: Record<string, string> = {}) {
  const { PATH = '' } = process.env
  const given = { PATH, NODE_OPTIONS: `--import "data:text/javascript,${encodeURIComponent(SAY)}"`, ...env }
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [BIN, ...args], { env: given })
  const all = [...stderr.matchAll(/^begins (\d+) (.*)$/gm)]
  const [first] = all
  return { stdout, heaps: all.filter(([, pid]) => pid === first?.[1]).map(([, , heaps]) => heaps) }
}

test
  .runIf(process.platform === 'linux')
  .each<[sentence: string, args: string[], env: Record<string, string>, heaps: string[]]>([
    ['serve begins anew in the same process, with one heap', ['serve', '--help'], {}, ['undefined', '1']],
    ['what somebody has set stays', ['serve', '--help'], { MALLOC_ARENA_MAX: '4' }, ['4']],
    ['other commands begin once', ['help'], {}, ['undefined']],
  ])('%s', async (_sentence, args, env, heaps) => {
  const it = await begun(args, env)
  expect(it.heaps).toEqual(heaps)
  expect(it.stdout).toContain('Usage: label-studio-monitor')
})
