import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CronExpressionParser } from 'cron-parser'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { monitorInput } from '../support/monitors.ts'
import { answered, reviewedProject } from '../support/reviewed.ts'
import { type TestService, testService } from '../support/service.ts'
import { type Ended, runProgram } from '../support/shell.ts'
import { type LabelStudioServer, labelStudioServer } from '../telemetry/label-studio.ts'

const GITHUB = parse(readFileSync('examples/github/model-gate.yml', 'utf8'))
const GITLAB = parse(readFileSync('examples/gitlab/model-gate.gitlab-ci.yml', 'utf8'))
const [CRONJOB] = parseAllDocuments(readFileSync('examples/kubernetes/cronjob.yaml', 'utf8')).map((each) =>
  each.toJS(),
)
const CRONTAB = readFileSync('examples/cron/label-studio-monitor.crontab', 'utf8').split('\n')

let labelStudio: LabelStudioServer
let it: TestService
let directory: string
beforeAll(async () => {
  labelStudio = await labelStudioServer()
  it = await testService({
    LABEL_STUDIO_URL: labelStudio.url,
    LABEL_STUDIO_API_KEY: 'key',
    API_TOKENS: 'write:writer,read:reader',
  })
  await mkdir(it.logs, { recursive: true })
  const threshold = { metric: 'change_rate', max: 0.2, warn: null, min_reviewed: 2 }
  const ids: Record<string, string> = {}
  for (const name of ['qa-model', 'good', 'bad', 'new']) {
    const input = monitorInput({ name, thresholds: [threshold] })
    const { body } = await it.request().post('/monitors').set('Authorization', 'Bearer writer').send(input)
    ids[name] = body.id
  }
  const of = (name: string) => ({
    monitor: { id: ids[name] as string, name },
    from: '2024-11-11',
    to: '2024-11-17',
  })
  const reviewed = (corrected: string | null, count: number) =>
    Array.from({ length: count }, (_, index) => answered(`q${index}`, 'x', corrected))
  await reviewedProject(it.database.database, { project: 21, tasks: reviewed('x', 80), run: of('good') })
  await reviewedProject(it.database.database, { project: 22, tasks: reviewed('y', 80), run: of('bad') })
  await reviewedProject(it.database.database, { project: 23, tasks: reviewed(null, 3), run: of('new') })
})
afterAll(async () => {
  await it.stop()
  await labelStudio.close()
})
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'label-studio-monitor-examples-'))
  return () => rmSync(directory, { recursive: true })
})

const environment = (monitor: string, token: string) => ({
  PATH: process.env.PATH ?? '',
  MONITOR_URL: it.service.url,
  MONITOR: monitor,
  MONITOR_TOKEN: token,
})

/** A job as each system runs it, with what its summary shows. */
type Job = (job: 'sample' | 'gate', monitor: string, token: string) => Promise<Ended & { summary: string }>

const github: Job = async (job, monitor, token) => {
  const script = GITHUB.jobs[job].steps.map((step: { run: string }) => step.run).join('\n')
  // What the workflow says of the environment is what the script gets.
  expect(Object.keys(GITHUB.env)).toEqual(['MONITOR_URL', 'MONITOR', 'MONITOR_TOKEN'])
  const summary = join(directory, 'summary.md')
  writeFileSync(summary, '')
  const env = { ...environment(monitor, token), GITHUB_STEP_SUMMARY: summary }
  const ended = await runProgram('bash', ['--noprofile', '--norc', '-eo', 'pipefail', '-c', script], {
    env,
    cwd: directory,
  })
  return { ...ended, summary: readFileSync(summary, 'utf8') }
}

const gitlab: Job = async (job, monitor, token) => {
  const { script } = GITLAB[job === 'gate' ? 'model gate' : 'sample production']
  const env = environment(monitor, token)
  const ended = await runProgram('sh', ['-ec', script.join('\n')], { env, cwd: directory })
  return { ...ended, summary: ended.stdout }
}

const isThere = (program: string) => spawnSync(program, ['--version']).status === 0
const withTools = describe.skipIf(!isThere('jq') || !isThere('curl'))

withTools.each<[string, Job]>([
  ['the GitHub workflow', github],
  ['the GitLab job', gitlab],
])('%s', (_name, run) => {
  test('lets a model pass, and shows the table', async () => {
    const { code, summary } = await run('gate', 'good', 'reader')
    expect(summary).toContain('### Model gate: pass')
    expect(summary).toMatch(/\| change_rate \| 0 \| at most 0\.2 \| 80 of at least 2 \| pass \|/)
    expect(code).toBe(0)
  })

  test('stops one that fails, and shows why', async () => {
    const { code, summary } = await run('gate', 'bad', 'reader')
    expect(summary).toMatch(
      /### Model gate: fail\n\n\| metric .*\n\| --- .*\n\| change_rate \| 1 \| at most 0\.2 \| .* \| fail \|/,
    )
    expect(code).not.toBe(0)
  })

  test('lets one pass that nobody has reviewed yet, and says so', async () => {
    const { code, summary } = await run('gate', 'new', 'reader')
    expect(summary).toMatch(/inconclusive\n\n.*\n.*\n\| change_rate \| no data \|/)
    expect(code).toBe(0)
  })

  test.each([
    ['a monitor without a project', 'qa-model', 'reader'],
    ['a wrong token', 'good', 'nobody'],
  ])('stops at %s', async (_what, monitor, token) => {
    expect((await run('gate', monitor, token)).code).not.toBe(0)
  })

  test('starts a run and waits for it', async () => {
    const { code, summary } = await run('sample', 'qa-model', 'writer')
    expect(summary).toMatch(/Run\W* ready/)
    expect(code).toBe(0)
  })

  test.each([
    ['the token may only read', 'qa-model', 'reader', /403|may only read|write/],
    ['there is no such monitor', 'nobody', 'writer', /nobody/],
  ])('fails where %s, and says why', async (_why, monitor, token, said) => {
    const { code, summary } = await run('sample', monitor, token)
    expect(summary).toMatch(said)
    expect(code).not.toBe(0)
  })
})

withTools('the Kubernetes CronJob', () => {
  const { schedule, jobTemplate } = CRONJOB.spec
  const [container] = jobTemplate.spec.template.spec.containers
  const run = (monitor: string, token: string) => {
    const [shell, ...options] = container.command
    expect(container.env.map(({ name }: { name: string }) => name)).toEqual([
      'MONITOR_URL',
      'MONITOR',
      'MONITOR_TOKEN',
    ])
    return runProgram(shell, [...options, ...container.args], {
      env: environment(monitor, token),
      cwd: directory,
    })
  }

  test('has a schedule: Mondays', () => {
    expect(CronExpressionParser.parse(schedule).next().getDay()).toBe(1)
  })
  test('succeeds when the run is ready', async () => {
    expect(await run('qa-model', 'writer')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('"ready"'),
    })
  })
  test('fails with the reason when there is none', async () => {
    const { code, stdout, stderr } = await run('nobody', 'writer')
    expect(code).not.toBe(0)
    expect(stdout + stderr).toMatch(/404/)
  })
})

withTools('the crontab', () => {
  const entries = CRONTAB.flatMap((line) => {
    const [, times, command] =
      /^((?:\S+ +){4}\S+) +(.*)$/.exec(line.startsWith('#') || /^\w+=/.test(line) ? '' : line) ?? []
    return times && command ? [{ times, command }] : []
  })

  test.each(entries)('$times is a time', ({ times }) => {
    expect(() => CronExpressionParser.parse(times)).not.toThrow()
  })

  test('has no percent sign, which cron takes for a line end', () => {
    expect(entries.map(({ command }) => command).filter((command) => /%/.test(command))).toEqual([])
  })

  const start = (token: string) => {
    const settings = CRONTAB.flatMap((line) => /^(\w+)=(.*)$/.exec(line)?.slice(1, 3) ?? [])
    expect(settings.filter((_, index) => index % 2 === 0)).toEqual(['PATH', 'MONITOR_URL', 'HEADER'])
    const HEADER = join(directory, 'header')
    writeFileSync(HEADER, `Authorization: Bearer ${token}\n`)
    const env = { PATH: process.env.PATH ?? '', MONITOR_URL: it.service.url, HEADER }
    return runProgram('/bin/sh', ['-c', entries[0]?.command ?? 'exit 99'], { env, cwd: directory })
  }

  test('starts a run and prints nothing, so that nobody gets mail', async () => {
    expect(await start('writer')).toEqual({ code: 0, stdout: '', stderr: '' })
  })
  test('prints why when it can not, so that somebody does', async () => {
    const { code, stderr } = await start('reader')
    expect(code).not.toBe(0)
    expect(stderr).toContain('403')
  })
})
