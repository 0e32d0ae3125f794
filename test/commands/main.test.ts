import { describe, expect, it } from 'vitest'
import { cli } from './io.ts'

const COMMANDS = ['serve', 'run', 'gate', 'import-config', 'webhook-url', 'evaluate', 'doctor', 'completion']

describe('the command line', () => {
  it.each(['help', '--help', '-h'])('%s lists every command on stdout', async (line) => {
    const { code, stdout, stderr } = await cli(line)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    for (const command of COMMANDS) expect(stdout).toMatch(new RegExp(`^  ${command}\\b`, 'm'))
  })

  it.each(COMMANDS.flatMap((name) => [`help ${name}`, `${name} --help`, `${name} -h`]))(
    '%s shows how the command is called, with its exit codes, and does nothing else',
    async (line) => {
      const { code, stdout } = await cli(line)
      expect(code).toBe(0)
      expect(stdout).toMatch(/^Usage: label-studio-monitor /)
      expect(stdout).toContain('Exit codes: 0 ')
    },
  )

  it.each(['--version', '-v'])('%s prints the version alone', async (line) => {
    expect(await cli(line)).toEqual({ code: 0, stdout: '1.2.3\n', stderr: '' })
  })

  it.each([
    ['bogus', 'Expected a command, got "bogus"', '[command]'],
    ['--bogus', 'Expected a command, got "--bogus"', '[command]'],
    ['constructor', 'Expected a command, got "constructor"', '[command]'],
    ['help bogus', 'Expected a command, got "bogus"', '[command]'],
    ['serve extra', 'got "extra"', '[serve]'],
    ['serve --port=1', "Unknown option '--port'", '[serve]'],
    ['run', 'Expected <monitor>', 'run <monitor>'],
    ['run a b', 'got "b"', 'run <monitor>'],
    ['run a --total 0', 'from 1 to 100000 for --total, got "0"', 'run <monitor>'],
    ['run a --total 1.5', 'for --total, got "1.5"', 'run <monitor>'],
    ['run a --total 100001', 'for --total, got "100001"', 'run <monitor>'],
    ['run a --seed -1', '--seed', 'run <monitor>'],
    ['run a --seed 9007199254740992', 'for --seed, got "9007199254740992"', 'run <monitor>'],
    ['run a --wait=soon', 'for --wait, got "soon"', 'run <monitor>'],
    ['run a --force=yes', '--force', 'run <monitor>'],
    ['gate', 'Expected <project>', 'gate <project>'],
    ['gate model', 'the id of a Label Studio project, e.g. 12, got "model"', 'gate <project>'],
    ['gate 0', 'got "0"', 'gate <project>'],
    ['import-config', 'Expected <config.ini>', 'import-config <config.ini>'],
    ['import-config a.ini --force', 'nothing without --env', 'import-config <config.ini>'],
    ['evaluate', 'Expected <export.json>', 'evaluate <export.json>'],
    ['evaluate a.json --max-changed many', 'got "many"', 'evaluate <export.json>'],
    ['doctor now', 'got "now"', 'doctor [options]'],
    ['rnu', 'got "rnu". Did you mean "run"?', '[command]'],
    ['import', 'got "import". Did you mean "import-config"?', '[command]'],
    ['run a --form 2024-11-11', 'Unknown option \'--form\'. Did you mean "--from"?', 'run <monitor>'],
    ['gate 1 --jsn', 'Unknown option \'--jsn\'. Did you mean "--json"?', 'gate <project>'],
    ['gate 1 --unlike-any', "Unknown option '--unlike-any'.\n", 'gate <project>'],
    ['completion', 'Expected <shell>', 'completion <shell>'],
    ['completion powershell', 'Expected one of bash, zsh, fish for <shell>', 'completion <shell>'],
  ])(
    '"%s" is a wrong call: it says so with the usage on stderr, and exits with 2',
    async (line, says, usage) => {
      const { code, stdout, stderr } = await cli(line)
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
      expect(stderr).toContain(says)
      expect(stderr).toContain(`Usage: label-studio-monitor ${usage}`)
    },
  )

  it.each(['serve', '', 'gate 1', 'webhook-url'])(
    '"%s" with wrong settings lists them without a stack, and exits with 2',
    async (line) => {
      const { code, stderr } = await cli(line, { env: { PORT: 'many', HOST: '0.0.0.0' } })
      expect(code).toBe(2)
      expect(stderr).toMatch(
        /^The service can't start: 2 settings are wrong\.\n {2}- PORT: .*\n {2}- API_TOKENS: .*\n$/,
      )
    },
  )
})
