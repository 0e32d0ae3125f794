import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

const SCRIPT = fileURLToPath(new URL('../../.ci/licenses.mjs', import.meta.url))

let root: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'licenses-'))
})
afterEach(() => rm(root, { recursive: true, force: true }))

/** Checks an installation of one package. */
async function check(manifest: object | null, locked: object = {}) {
  const packages = { '': {}, 'node_modules/good': {}, 'node_modules/other': locked }
  await writeFile(join(root, 'package-lock.json'), JSON.stringify({ packages }))
  for (const [name, content] of Object.entries({ good: { license: 'MIT' }, other: manifest })) {
    if (content === null) continue
    await mkdir(join(root, 'node_modules', name), { recursive: true })
    await writeFile(
      join(root, 'node_modules', name, 'package.json'),
      JSON.stringify({ name, version: '1.0.0', ...content }),
    )
  }
  const { status, stdout } = spawnSync(process.execPath, [SCRIPT, root], { encoding: 'utf8' })
  return { passes: status === 0, stdout }
}

describe('the licence of a package', () => {
  test.each([
    ['one that is allowed', { license: 'Apache-2.0' }, true],
    ['one of two that may be chosen', { license: '(MIT OR GPL-3.0)' }, true],
    ['an old form', { licenses: [{ type: 'MIT' }] }, true],
    ['one that nobody has looked at', { license: 'GPL-3.0' }, false],
    ['two that hold together', { license: 'MIT AND GPL-3.0' }, false],
    ['none', {}, false],
    ['a file to read', { license: 'SEE LICENSE IN LICENSE.md' }, false],
  ])('%s', async (_case, manifest, passes) => {
    const checked = await check(manifest)
    expect(checked.passes).toBe(passes)
    if (!passes) expect(checked.stdout).toContain('not allowed: other 1.0.0: ')
  })

  test('of an optional package that is not installed does not matter', async () => {
    expect((await check(null, { optional: true })).passes).toBe(true)
    expect((await check(null)).passes).toBe(false)
  })

  test('of what is installed here is allowed', () => {
    const { status, stdout } = spawnSync(process.execPath, [SCRIPT], {
      encoding: 'utf8',
      cwd: fileURLToPath(new URL('../..', import.meta.url)),
    })
    expect(stdout).toMatch(/[1-9]\d* packages, 0 with licences that are not allowed/)
    expect(status).toBe(0)
  })
})
