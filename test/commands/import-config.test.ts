import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { cli } from './io.ts'
import { deadPort, type FakeService, fakeService, problem } from './service.ts'

const INI = `[labelstudio]
LabelStudioURL = http://localhost:8080
LabelStudioAPI = secret-key
LabelStudioProjectID = 3
[logs]
bucket = logs
[notifications]
email_sender = ml@example.org
smtp_server = smtp.example.org
smtp_port = 465
email_password = secret-password
`
const LINES = `LABEL_STUDIO_URL=http://localhost:8080
LABEL_STUDIO_API_KEY=secret-key
SMTP_URL=smtps://ml%40example.org:secret-password@smtp.example.org:465
SMTP_FROM=ml@example.org
`
const made = (name: string) => ({
  name,
  settings: { agree: ['LabelStudioURL'], ignored: ['smtp_server', 'smtp_port'] },
  warnings: ['Unknown key, which is ignored.'],
})

let service: FakeService
let directory: string
let ini: string
let env: string
beforeEach(async () => {
  service = await fakeService({
    'POST /monitors/import': [201, made('model')],
    'POST /monitors/import?name=qa-model': [201, made('qa-model')],
  })
  directory = await mkdtemp(join(tmpdir(), 'import-config-'))
  ini = join(directory, 'config.ini')
  env = join(directory, '.env')
  await writeFile(ini, INI)
})
afterEach(async () => {
  await service.close()
  await rm(directory, { recursive: true })
})
const importConfig = (options = '') => cli(`import-config ${ini} --url ${service.url} ${options}`)

describe('import-config', () => {
  it('sends the text of the file as it is', async () => {
    expect((await importConfig()).code).toBe(0)
    expect(service.received).toMatchObject([
      { call: 'POST /monitors/import', body: INI, headers: { 'content-type': 'text/plain; charset=utf-8' } },
    ])
  })

  it('names the monitor', async () => {
    const { code, stdout } = await importConfig('--name qa-model')
    expect(code).toBe(0)
    expect(stdout).toContain('The monitor qa-model is made.')
  })

  it('tells the monitor, what became of the settings, warnings, and the lines for the environment', async () => {
    const { stdout } = await importConfig()
    expect(stdout).toBe(`The monitor model is made. Try it: label-studio-monitor run model --wait
  LabelStudioURL  agrees with the service
  smtp_server     differs from what the running service has, which stays
  smtp_port       differs from what the running service has, which stays
Warning: Unknown key, which is ignored.

# The lines for the service's environment. They may hold secrets.
${LINES}`)
  })

  it('a file without settings of the service has no lines', async () => {
    await writeFile(ini, '[labelstudio]\nLabelStudioProjectID = 3\n[logs]\nbucket = logs\n')
    expect((await importConfig()).stdout).not.toContain('environment')
  })

  it.each([
    ['a file that is not there', 'nowhere.ini', /can't be read: ENOENT/],
    ['a directory', '.', /can't be read: EISDIR/],
  ])('%s exits with 2', async (_case, name, message) => {
    const { code, stderr } = await cli(`import-config ${join(directory, name)} --url ${service.url}`)
    expect(code).toBe(2)
    expect(stderr).toMatch(message)
    expect(service.received).toEqual([])
  })

  it('a file that is no config.ini exits with 2 and quotes no secret of it', async () => {
    await writeFile(ini, 'LabelStudioAPI = secret-key\n')
    const { code, stdout, stderr } = await importConfig()
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).not.toContain('secret-key')
    expect(stderr).not.toMatch(/^\s+at /m)
  })

  it('a refused file exits with 2 and says why', async () => {
    service.answers['POST /monitors/import'] = [422, problem('invalid-config-ini', 422, 'Both are empty.')]
    const { code, stdout, stderr } = await importConfig()
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toBe('Title of invalid-config-ini: Both are empty.\n')
  })
})

it('import-config --json prints the monitor and the lines of the environment, and nothing else', async () => {
  const { code, stdout } = await importConfig('--json')
  const { monitor, environment } = JSON.parse(stdout)
  expect({ code, monitor: monitor.name }).toEqual({ code: 0, monitor: 'model' })
  expect(environment.join('\n')).toMatch(/^LABEL_STUDIO_URL=/m)
})

describe('import-config --env', () => {
  it('writes the lines to a file that only its owner may read, and does not print them', async () => {
    const { code, stdout } = await importConfig(`--env ${env}`)
    expect(code).toBe(0)
    expect(await readFile(env, 'utf8')).toBe(LINES)
    expect((await stat(env)).mode & 0o777).toBe(0o600)
    expect(stdout).not.toContain('secret')
  })

  it('keeps a file that is there, and makes no monitor', async () => {
    await writeFile(env, 'MINE=1\n')
    const { code, stderr } = await importConfig(`--env ${env}`)
    expect(code).toBe(2)
    expect(stderr).toContain(`Expected ${env} to be a new file, but it is there`)
    expect(await readFile(env, 'utf8')).toBe('MINE=1\n')
    expect(service.received).toEqual([])
  })

  it('replaces it with --force, and its rights, too', async () => {
    await writeFile(env, 'MINE=1\n', { mode: 0o644 })
    expect((await importConfig(`--env ${env} --force`)).code).toBe(0)
    expect(await readFile(env, 'utf8')).toBe(LINES)
    expect((await stat(env)).mode & 0o777).toBe(0o600)
  })

  it('takes a file that has these lines already', async () => {
    await writeFile(env, LINES)
    expect((await importConfig(`--env ${env}`)).code).toBe(0)
  })

  it('writes them although no service runs yet, since it needs them to start', async () => {
    const { code, stderr } = await cli(`import-config ${ini} --env ${env}`, {
      env: { PORT: String(await deadPort()) },
    })
    expect(code).toBe(2)
    expect(stderr).toContain('No service answers')
    expect(await readFile(env, 'utf8')).toBe(LINES)
  })

  it('says when the file can not be written', async () => {
    const { code, stderr } = await importConfig(`--env ${join(directory, 'nowhere', '.env')}`)
    expect(code).toBe(2)
    expect(stderr).toMatch(/can't be written: ENOENT/)
  })
})
