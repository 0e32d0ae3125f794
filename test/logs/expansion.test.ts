import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ExpandsTooFar, withinExpansion } from '../../src/logs/expansion.ts'
import { createFormat } from '../../src/logs/format.ts'
import { openSource } from '../../src/logs/source.ts'
import { scanLogs } from './scan-logs.ts'

async function* pieces(count: number): AsyncGenerator<Buffer> {
  for (let piece = 0; piece < count; piece++) yield Buffer.alloc(100)
}
const lengthOf = async (count: number, stored: number, times: number, allowed: number) => {
  let length = 0
  try {
    for await (const chunk of withinExpansion(pieces(count), () => stored, times, allowed))
      length += chunk.length
  } catch (error) {
    if (!(error instanceof ExpandsTooFar)) throw error
    return `cut off after ${length}`
  }
  return length
}

describe('what is decompressed', () => {
  test.each([
    ['is given up to what everything may become', 10, 1, 5, 1_000, 1_000],
    ['is cut off above that', 11, 1, 5, 1_000, 'cut off after 1000'],
    ['is given where so much is stored', 20, 400, 5, 1_000, 2_000],
    ['is cut off above so many times what is stored', 21, 400, 5, 1_000, 'cut off after 2000'],
  ])('%s', async (_case, count, stored, times, allowed, expected) => {
    expect(await lengthOf(count, stored, times, allowed)).toBe(expected)
  })
})

describe('a scan', () => {
  let root: string
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'expansion-'))
    const lines = '{"question":"one"}\n'.repeat(100)
    // 1.1 GB: more than every object may become
    const zeros = Buffer.alloc(1_100_000_000)
    await writeFile(join(root, 'a_2024-11-11.jsonl'), lines)
    await writeFile(
      join(root, 'b_2024-11-12.jsonl'),
      zstdCompressSync(Buffer.concat([Buffer.from(lines), zeros])),
    )
    await writeFile(join(root, 'c_2024-11-13.jsonl'), gzipSync(lines))
  })
  afterAll(() => rm(root, { recursive: true, force: true }))

  const scan = (maxExpansion: number) =>
    scanLogs({
      source: openSource(
        { type: 'file', path: '.', key_pattern: '{YYYY}-{MM}-{DD}.jsonl' },
        { fileRoot: root, maxExpansion },
      ),
      format: createFormat({ type: 'jsonl' }),
      window: { from: '2024-11-11', to: '2024-11-13' },
      sample: { total: 10, by: 'date' },
      seed: 1,
    })

  test('cuts a bomb off, says which object and which limit, and goes on with the others', async () => {
    const { progress, malformed } = await scan(250)
    expect(progress).toMatchObject({ objects_done: 3, records_seen: 300 })
    expect(malformed.first.map(({ object }) => object)).toContain('b_2024-11-12.jsonl')
    expect(malformed.first.map(({ problem }) => problem).join()).toMatch(
      /expands to more than 250 times its stored size.*raise MAX_EXPANSION/,
    )
  })

  test('reads all of it where the operator allows that', async () => {
    const { malformed } = await scan(1_000_000)
    expect(malformed.first.map(({ problem }) => problem)).toEqual(['longer than 1048576 bytes'])
  })
})
