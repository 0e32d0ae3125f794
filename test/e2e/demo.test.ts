import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readlink, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, test } from 'vitest'
import { decide } from '../../demo/review.ts'
import { createScreen } from '../../demo/screen.ts'
import { jsonApi } from '../../demo/services/json-api.ts'
import { admin } from '../../demo/services/label-studio.ts'
import { labelStudioApi } from '../../demo/services/label-studio-api.ts'
import { createReviewer } from '../../demo/services/reviewer.ts'
import { rightAnswer } from '../../demo/services/sample-logs.ts'
import type { Evaluation, EvaluationTask } from '../../src/contract/types.ts'

const checkout = fileURLToPath(new URL('../..', import.meta.url))
const programs: ChildProcess[] = []

afterEach(() => {
  for (const program of programs.splice(0)) program.kill('SIGKILL')
})

/** The demo as `npm run demo` starts it, and everything that it has printed. */
function startDemo(args: string[] = [], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, ['demo/demo.ts', ...args], {
    cwd: checkout,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  programs.push(child)
  const printed = { out: '', err: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed.out += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    printed.err += text
  })
  const exit = once(child, 'exit').then(([code, signal]) => code ?? signal)
  const until = async (text: string, timeoutMs = 400_000) => {
    for (const giveUpAt = Date.now() + timeoutMs; !printed.out.includes(text); await sleep(50)) {
      if (child.exitCode !== null || Date.now() > giveUpAt) {
        throw new Error(`expected the demo to print “${text}”, it printed:\n${printed.out}${printed.err}`)
      }
    }
  }
  return { child, printed, exit, until, home: join(checkout, '.demo', String(child.pid)) }
}

function textOf(regions: EvaluationTask['prediction']): unknown {
  return (regions?.[0] as { value?: { text?: string[] } })?.value?.text?.[0]
}

/** The processes that work in a directory, by what they were started as. */
async function processesIn(directory: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const places = await Promise.all(pids.map((pid) => readlink(`/proc/${pid}/cwd`).catch(() => '')))
  return places.filter((place) => place.startsWith(directory))
}

async function goneFrom(directory: string, timeoutMs: number): Promise<string[]> {
  const giveUpAt = Date.now() + timeoutMs
  while ((await processesIn(directory)).length > 0 && Date.now() < giveUpAt) await sleep(200)
  return processesIn(directory)
}

describe('the demo', () => {
  test('shows logs become live metrics, leaves all of it running, and ends with Ctrl-C', async () => {
    const demo = startDemo()
    await demo.until('Ctrl-C ends everything')
    const places = new Map(
      [...demo.printed.out.matchAll(/^ {2}(\S.*?) {2,}(http\S+)/gm)].map(([, name, url]) => [
        name,
        url as string,
      ]),
    )

    const pages = [
      'Label Studio',
      'the project',
      'Service',
      'the evaluation',
      'changed answers',
      'the run',
      'API docs',
    ]
    for (const page of [...pages, 'Mailbox']) {
      const answer = await fetch(places.get(page) ?? `no URL of ${page}`, {
        headers: { accept: 'text/html,*/*' },
      })
      expect([page, answer.status]).toEqual([page, 200])
    }
    const mailbox = await (await fetch(places.get('Mailbox') as string)).text()
    expect(mailbox).toMatch(/reviewer@example\.com.*Ready for review: QA model/s)

    const [, service = '', project = ''] =
      /^(.*)\/evaluations\/(\d+)$/.exec(places.get('the evaluation') ?? '') ?? []
    const api = jsonApi(service)
    const evaluation = await api<Evaluation>('GET', `/evaluations/${project}`)
    expect(evaluation.coverage).toEqual({ tasks: 60, reviewed: 53, skipped: 2, not_comparable: 0 })
    expect(evaluation.freshness.webhook_active).toBe(true)
    expect(evaluation.by_stratum).toHaveLength(7)
    const rates = Object.fromEntries(evaluation.by_model_version.map(({ key, value }) => [key, value ?? 0]))
    expect(Object.keys(rates).sort()).toEqual(['v1.5.2', 'v1.5.3', 'v1.6.0'])
    expect(rates['v1.6.0']).toBeGreaterThan(Math.max(rates['v1.5.2'] ?? 1, rates['v1.5.3'] ?? 1))
    const { value, weighted } = evaluation.change_rate
    expect(weighted?.value).toBeGreaterThan(1.5 * (value ?? 1))

    const { items } = await api<{ items: EvaluationTask[] }>('GET', `/evaluations/${project}/tasks?limit=100`)
    const reviewed = items.filter((task) => task.reviewed_state === 'reviewed')
    expect(reviewed).toHaveLength(53)
    for (const { data, prediction, annotation, changed } of reviewed) {
      const right = rightAnswer((data as { question: string }).question)
      expect([textOf(annotation), changed]).toEqual([right, textOf(prediction) !== right])
    }

    const call = labelStudioApi(places.get('Label Studio') as string, admin.token)
    type Listed = { id: number; total_annotations: number; cancelled_annotations: number }
    const listed = await call<{ tasks: Listed[] }>('GET', `/api/tasks?project=${project}&page_size=100`)
    const left = listed.tasks.filter((task) => task.total_annotations + task.cancelled_annotations === 0)
    expect(left).toHaveLength(5)
    await createReviewer(call).accept(left[0]?.id as number)
    await demo.until(`56 of 60 tasks: ${evaluation.change_rate.changed} of 54 changed`, 10_000)

    expect(await processesIn(demo.home)).not.toEqual([])
    demo.child.kill('SIGINT')
    expect(await demo.exit).toBe(0)
    expect(await goneFrom(demo.home, 1000)).toEqual([])
    expect(existsSync(demo.home)).toBe(false)
    for (const url of places.values()) await expect(fetch(url)).rejects.toThrow()
    expect(demo.printed.err).not.toMatch(/error/i)
  })

  test('that is killed amid a run takes its servers with it, and the next start is none the worse', async () => {
    const killed = startDemo()
    await killed.until('6/8')
    killed.child.kill('SIGKILL')
    expect(await goneFrom(killed.home, 60_000)).toEqual([])

    const next = startDemo(['--once'])
    expect(await next.exit).toBe(0)
    expect(next.printed.out).toMatch(/Project 1: (pass|fail|inconclusive)/)
    expect(await goneFrom(next.home, 1000)).toEqual([])
    expect([existsSync(killed.home), existsSync(next.home)]).toEqual([false, false])
  })

  test('tells which Python it needs where there is none', async () => {
    const cache = await mkdtemp(join(tmpdir(), 'lsm-demo-'))
    const demo = startDemo(['--once'], { LSM_CACHE: cache, PYTHON: '/nowhere/python3' })
    expect(await demo.exit).toBe(1)
    expect(demo.printed.err).toMatch(
      /can't go on.*expected Python 3\.10 or newer.*apt-get install python3-venv/s,
    )
    expect(demo.printed.err).not.toMatch(/^\s+at /m)
    await rm(cache, { recursive: true })
    await rm(demo.home, { recursive: true })
  })

  test('refuses an option that it does not know, with its usage', async () => {
    const demo = startDemo(['--onec'])
    expect(await demo.exit).toBe(2)
    expect(demo.printed.err).toContain('Usage: npm run demo')
  })
})

const question = 'What is the capital of France?'
const answer = rightAnswer(question) as string
test.each([
  ['accepts the right answer', question, answer, 0, { accept: true }],
  ['corrects a wrong answer', question, 'The capital of France is Lima.', 0, { correct: answer }],
  ['corrects an answer that is right but for a space', question, `${answer} `, 0, { correct: answer }],
  ['skips a question that it cannot judge', 'Why?', 'Because.', 0, { skip: true }],
  ['accepts the 19th', question, answer, 18, { accept: true }],
  ['skips the 20th', question, answer, 19, { skip: true }],
])('the scripted reviewer %s', (_name, asked, given, index, decision) => {
  expect(decide(asked, given, index)).toEqual(decision)
})

describe('the account of the steps', () => {
  const account = async (isTTY: boolean) => {
    let text = ''
    let ms = 0
    const output = { isTTY, columns: 40, write: (more: string) => (text += more) }
    const screen = createScreen(output, 2, () => ms)
    await screen.step('Wait', async (step) => {
      step.now('begun')
      ms = 65_000
      step.now(`on the way ${'x'.repeat(100)}`, 'more')
      step.now('almost')
      step.print('arrived')
    })
    screen.close()
    screen.print('unheard')
    // colours depend on where the tests run
    // biome-ignore lint/suspicious/noControlCharactersInRegex: what a terminal is told by
    return text.replace(/\x1b\[\d+m/g, '')
  }

  test('without a terminal has lines alone, those on progress some seconds apart', async () => {
    expect(await account(false)).toBe(
      `1/2 Wait\n    1:05  on the way ${'x'.repeat(100)}\n    arrived\n    ✓ 65.0 s\n`,
    )
  })

  test('on a terminal draws progress anew, never wider than it', async () => {
    const text = await account(true)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: what a terminal is told by
    const lines = text.replace(/\x1b\[\d*[A-Z]/g, '').split('\n')
    expect(lines).toContain('    0:00  begun')
    expect(lines).toContain('    1:05  almost')
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(40)
    expect(text).toContain('\x1b[2A\x1b[J')
    expect(text.endsWith('almost\n\x1b[1A\x1b[J    ✓ 65.0 s\n')).toBe(true)
  })
})
