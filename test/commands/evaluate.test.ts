import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { cli } from './io.ts'

let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'evaluate-'))
})
afterAll(() => rm(directory, { recursive: true }))

/** An export with so many changed and unchanged tasks. */
const exported = (changed: number, unchanged: number) =>
  JSON.stringify([
    ...Array.from({ length: changed }, (_, id) => task(id, 'prediction-changed')),
    ...Array.from({ length: unchanged }, (_, id) => task(changed + id, 'prediction')),
  ])
const task = (id: number, origin: string) => ({ id, annotations: [{ id, result: [{ origin }] }] })

const evaluate = async (content: string, options = '') => {
  const file = join(directory, 'export.json')
  await writeFile(file, content)
  return cli(`evaluate ${file} ${options}`)
}

describe('evaluate', () => {
  it.each([
    [
      '1 of 4 is below 75 %',
      exported(1, 3),
      '',
      0,
      '1 of 4 predictions changed (25 %), allowed is less than 75 %: passed\n',
    ],
    [
      '3 of 4 is not below 75 %',
      exported(3, 1),
      '',
      1,
      '3 of 4 predictions changed (75 %), allowed is less than 75 %: not passed\n',
    ],
    [
      'a third has two decimals',
      exported(1, 2),
      '',
      0,
      '1 of 3 predictions changed (33.33 %), allowed is less than 75 %: passed\n',
    ],
    [
      '25 % is not below --max-changed 25',
      exported(1, 3),
      '--max-changed 25',
      1,
      '1 of 4 predictions changed (25 %), allowed is less than 25 %: not passed\n',
    ],
    [
      '25 % is below --max-changed 25.5',
      exported(1, 3),
      '--max-changed 25.5',
      0,
      '1 of 4 predictions changed (25 %), allowed is less than 25.5 %: passed\n',
    ],
    [
      'nothing reviewed shows nothing',
      '[{"annotations": []}]',
      '',
      1,
      'No task of the export has an annotation, so nothing is shown: not passed\n',
    ],
  ])('%s', async (_case, content, options, code, stdout) => {
    expect(await evaluate(content, options)).toEqual({ code, stdout, stderr: '' })
  })

  it('--json prints the figures', async () => {
    const { stdout } = await evaluate(exported(1, 3), '--json --max-changed 20')
    expect(JSON.parse(stdout)).toEqual({ changed: 1, total: 4, percent: 25, passed: false, max_changed: 20 })
  })

  it.each([
    [
      'a file that is not there',
      () => cli(`evaluate ${join(directory, 'nowhere.json')}`),
      /can't be read: ENOENT/,
    ],
    ['a directory', () => cli(`evaluate ${directory}`), /can't be read: EISDIR/],
    ['a file that is no JSON', () => evaluate('<html>'), /not JSON .* Export > JSON/],
    ['JSON-MIN', () => evaluate('[{"annotation_id": 1}]'), /JSON-MIN/],
  ])('%s exits with 2 and says what to do', async (_case, run, message) => {
    const { code, stdout, stderr } = await run()
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(message)
  })
})
