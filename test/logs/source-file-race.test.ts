import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { Worker } from 'node:worker_threads'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openSource } from '../../src/logs/source.ts'

/** Exchanges a directory for a link that leads out of the root, and back, for as long as it lives. */
const EXCHANGE = `
const { renameSync } = require('node:fs')
const { workerData: base, parentPort } = require('node:worker_threads')
let going = true
parentPort.on('message', () => { going = false })
function round() {
  for (let i = 0; i < 200; i++) {
    renameSync(base + '/root/day', base + '/aside')
    renameSync(base + '/way-out', base + '/root/day')
    renameSync(base + '/root/day', base + '/way-out')
    renameSync(base + '/aside', base + '/root/day')
  }
  if (going) setImmediate(round)
  else process.exit()
}
round()
`

let base: string
let exchange: Worker
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'source-file-race-'))
  await mkdir(join(base, 'root/day'), { recursive: true })
  await mkdir(join(base, 'outside'))
  await writeFile(join(base, 'root/day/log.txt'), 'inside')
  await writeFile(join(base, 'outside/log.txt'), 'SECRET')
  await symlink(join(base, 'outside'), join(base, 'way-out'))
  exchange = new Worker(EXCHANGE, { eval: true, workerData: base })
})
afterAll(async () => {
  await exchange.terminate()
  await rm(base, { recursive: true, force: true })
})

test('a directory that becomes a link out of the root between check and use lets nothing out', async () => {
  const source = openSource({ type: 'file', path: '.' }, { fileRoot: join(base, 'root') })
  const seen = { inside: 0, SECRET: 0, refused: 0 }
  for (let attempt = 0; attempt < 4_000; attempt++) {
    const content = await source
      .open({ key: 'day/log.txt', size: null, date: null })
      .then(async (bytes) => String(await buffer(bytes)) as 'inside' | 'SECRET')
      .catch(() => 'refused' as const)
    seen[content]++
  }
  expect(seen.SECRET).toBe(0)
  expect(seen.inside).toBeGreaterThan(0)
  expect(seen.refused).toBeGreaterThan(0)
})
