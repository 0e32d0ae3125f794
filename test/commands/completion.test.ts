import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cli } from './io.ts'

const scripts: Record<string, string> = {}
let directory: string
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'label-studio-monitor-completion-'))
  for (const shell of ['bash', 'zsh', 'fish']) {
    const { code, stdout } = await cli(`completion ${shell}`)
    expect(code).toBe(0)
    scripts[shell] = stdout
    writeFileSync(join(directory, shell), stdout)
  }
})
afterAll(() => rmSync(directory, { recursive: true }))

/** What bash offers after these words, the last of which is being typed. */
function offered(line: string): string[] {
  const words = ['label-studio-monitor', ...line.split(' ')]
  const typing = `
    source "$1"; shift
    complete -p label-studio-monitor >/dev/null
    COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
    _label_studio_monitor
    printf '%s\\n' "\${COMPREPLY[@]}"`
  const args = [
    '--norc',
    '--noprofile',
    '-euo',
    'pipefail',
    '-c',
    typing,
    'bash',
    join(directory, 'bash'),
    ...words,
  ]
  return execFileSync('bash', args, { encoding: 'utf8', env: { PATH: process.env.PATH } })
    .split('\n')
    .filter(Boolean)
}

describe('bash offers', () => {
  test.each<[string, string, string[]]>([
    ['commands', 'd', ['doctor']],
    ['every command first', 'e', ['evaluate']],
    ['the options of a command', 'gate --', ['--strict', '--json', '--url', '--token', '--help']],
    ['those that begin so', 'run qa-model --f', ['--from', '--force']],
    ['options that may have a value', 'run qa-model --wa', ['--wait']],
    ['long names of options', 'evaluate x.json --m', ['--max-changed']],
    ['commands to be helped with', 'help im', ['import-config']],
    ['shells', 'completion ', ['bash', 'zsh', 'fish']],
    ['files where a file is expected, by its own means', 'evaluate exp', []],
    ['nothing for a command that there is not', 'bogus --', []],
  ])('%s: "%s"', (_what, line, expected) => {
    expect(offered(line)).toEqual(expected)
  })
})

/** A check of the syntax, where the shell is installed. */
describe.each([
  ['zsh', ['-n']],
  ['fish', ['--no-execute']],
])('%s', (shell, options) => {
  test('is named every command', () => {
    for (const command of ['serve', 'run', 'gate', 'doctor', 'completion'])
      expect(scripts[shell]).toContain(command)
  })

  test.skipIf(spawnSync(shell, ['--version']).status !== 0)('reads its script', () => {
    const { stderr, status } = spawnSync(shell, [...options, join(directory, shell)], { encoding: 'utf8' })
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 })
  })
})
