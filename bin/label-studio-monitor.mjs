#!/usr/bin/env node
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { setFlagsFromString } from 'node:v8'

// Plain JavaScript, so that an older Node can run it and say what is missing.
const [major] = process.versions.node.split('.').map(Number)
if (major < 24) {
  console.error(
    `label-studio-monitor needs Node 24 or newer, and this is ${process.version}.\n` +
      'Inside the project, npm scripts bring their own: npm start, or npx label-studio-monitor after npm ci.',
  )
  process.exit(2)
}

const serves = [undefined, 'serve'].includes(process.argv[2])
// What can be told to a process only as it begins, so it begins anew where its system can do that: the same one, with the same id.
// The C library gives threads heaps of their own, of which what is free is not given back: 15 to 25 MB in a service that reads logs.
// Room for garbage (src/memory.ts) is worth no more than 16 MB: with more, many events took no less time, but 110 MB more.
const canBeginAnew = process.platform === 'linux' && process.execve && !process.channel
if (serves && canBeginAnew && process.env.MALLOC_ARENA_MAX === undefined) {
  const flags = [...process.execArgv, '--max-semi-space-size=16']
  const again = [process.execPath, ...flags, ...process.argv.slice(1)]
  process.execve(process.execPath, again, { ...process.env, MALLOC_ARENA_MAX: '1' })
}

// An older Node has no such export.
const { enableCompileCache } = await import('node:module')
// Loading makes much garbage, and with room for it a process has 80 MB more for the rest of its life. What is compiled and
// stripped of its types is kept for the next start, and for threads, which else spend 30 MB each on stripping; so this file,
// which loads the rest, needs none of it.
setFlagsFromString('--optimize-for-size')
setFlagsFromString('--semi-space-growth-factor=1')
// Threads that start after this optimize their code themselves: helpers, which it leaves to this one alone, keep 9 MB for it.
setFlagsFromString('--no-concurrent-recompilation')
const cache =
  process.env.NODE_COMPILE_CACHE ??
  fileURLToPath(new URL('../node_modules/.cache/label-studio-monitor', import.meta.url))
const isFirst = !existsSync(cache)
enableCompileCache(cache)
if (serves) {
  // Where there is nothing yet, another process fills it: what strips types would stay in this one, with 15 MB.
  if (isFirst && existsSync(cache))
    spawnSync(process.execPath, [fileURLToPath(import.meta.url), 'help', 'serve'], { stdio: 'ignore' })
  // Node makes these when they are first looked at, together with all else of its `fetch`, which takes 6 MB. axios and pg look at the
  // first three, and an `import` of `node:http` at whatever it has. `fetch` itself does without; the other commands use them.
  for (const name of ['FormData', 'Request', 'Response']) delete globalThis[name]
  for (const name of ['WebSocket', 'CloseEvent', 'MessageEvent'])
    delete process.getBuiltinModule('node:http')[name]
}
// for threads
process.env.NODE_COMPILE_CACHE = cache

await import('../src/cli.ts')
