import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Definition } from '../../src/monitors/monitor.ts'
import { whyNoObject } from '../../src/monitors/no-object.ts'

let root: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'label-studio-monitor-no-object-'))
})
afterEach(() => rm(root, { recursive: true }))

const window = { from: '2026-01-01', to: '2026-01-07' }

test.each<[string, string[], string, RegExp]>([
  [
    'other dates',
    ['app-2024-11-11.log', 'app-2024-11-13.log', 'app-2024-11-12.log', 'other.txt'],
    'app-{YYYY}-{MM}-{DD}.log',
    /dates from 2024-11-11 to 2024-11-13: choose these days/,
  ],
  [
    'other names',
    ['app-2026-01-02.log'],
    'app-{DD}.{MM}.{YYYY}.log',
    /such as app-2026-01-02\.log: correct source\.key_pattern/,
  ],
  ['nothing at all', [], 'app-{YYYY}-{MM}-{DD}.log', /holds no object at all: correct where it is\.$/],
])('a source that holds %s', async (_what, keys, key_pattern, expected) => {
  for (const key of keys) await writeFile(join(root, key), 'x')
  const definition = { source: { type: 'file', path: '.', key_pattern } } as Definition
  const said = await whyNoObject({ fileRoot: root }, definition, window, AbortSignal.timeout(10_000))
  expect(said).toMatch(
    /^No object of the source matches source\.key_pattern \S+ with a date from 2026-01-01 to 2026-01-07\. /,
  )
  expect(said).toMatch(expected)
})
