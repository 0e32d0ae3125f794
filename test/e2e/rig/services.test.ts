import { spawn } from 'node:child_process'
import { once as event } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { cacheDir, once } from '../../../demo/services/cache.ts'
import { startChild, waitUntilReady } from '../../../demo/services/child.ts'
import { freePort, freePorts } from '../../../demo/services/ports.ts'
import { makeVenv } from '../../../demo/services/python.ts'
import { rightAnswer, sampleLogs, sampleRecords } from '../../../demo/services/sample-logs.ts'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'lsm-services-'))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

const silent = () => {}
/** No process has this number: it is above the largest that systems give. */
const deadPid = 2 ** 30

describe('once', () => {
  const build = (text: string) => async (partial: string) => {
    await mkdir(partial)
    await sleep(50)
    await writeFile(join(partial, 'file'), text)
  }

  test('makes a directory once for callers at the same time, and leaves nothing beside it', async () => {
    const path = join(dir, 'made')
    let builds = 0
    const counted = (partial: string) => {
      builds++
      return build('once')(partial)
    }
    await Promise.all([once(path, counted, silent), once(path, counted, silent)])
    expect(builds).toBe(1)
    expect(await readdir(dir)).toEqual(['made'])
  })

  test('makes nothing when the build fails, and makes it the next time', async () => {
    const path = join(dir, 'made')
    const failing = async (partial: string) => {
      await mkdir(partial)
      throw new Error('no network')
    }
    await expect(once(path, failing, silent)).rejects.toThrow('no network')
    expect(await readdir(dir)).toEqual([])
    await once(path, build('later'), silent)
    expect(await readFile(join(path, 'file'), 'utf8')).toBe('later')
  })

  test('takes over from a process that was killed while building', async () => {
    const path = join(dir, 'made')
    await writeFile(`${path}.lock`, String(deadPid))
    await mkdir(`${path}.partial-${deadPid}`)
    await once(path, build('mine'), silent)
    expect(await readdir(dir)).toEqual(['made'])
  })

  test('takes over a lock that nobody touches, though its process number is in use again', async () => {
    const path = join(dir, 'made')
    await writeFile(`${path}.lock`, String(process.pid))
    await utimes(`${path}.lock`, new Date(), new Date(Date.now() - 120_000))
    await once(path, build('mine'), silent)
    expect(await readdir(dir)).toEqual(['made'])
  })

  test('LSM_CACHE names another cache', () => {
    expect(cacheDir({ LSM_CACHE: '/elsewhere' })).toBe('/elsewhere')
    expect(cacheDir({})).toMatch(/\.cache.label-studio-monitor$/)
  })
})

describe('a child', () => {
  const start = (script: string) =>
    startChild({
      command: '/bin/sh',
      args: ['-c', script],
      env: { PATH: process.env.PATH ?? '' },
      cwd: dir,
      logFile: join(dir, 'log'),
    })

  test('is stopped together with its own children', async () => {
    const child = start('sleep 1000 & echo $!; wait')
    const log = () => readFile(join(dir, 'log'), 'utf8')
    await waitUntilReady(child, async () => /\n/.test(await log()), { name: 'It', timeoutMs: 5000 })
    const grandchild = Number(await log())
    expect([isRunning(grandchild), isRunning(-child.pid)]).toEqual([true, true])
    await child.stop()
    expect([isRunning(grandchild), isRunning(-child.pid)]).toEqual([false, false])
    expect(child.isRunning()).toBe(false)
  })

  test('that ignores SIGTERM is killed after its grace', async () => {
    const child = start("trap '' TERM; echo ready; while :; do sleep 0.1; done")
    await waitUntilReady(child, async () => (await readFile(join(dir, 'log'), 'utf8')).includes('ready'), {
      name: 'It',
      timeoutMs: 5000,
    })
    await child.stop(300)
    expect(isRunning(-child.pid)).toBe(false)
  })

  test('that ends at once is told with its exit code and its log', async () => {
    const child = start('echo something is wrong >&2; exit 3')
    const ready = waitUntilReady(child, async () => false, { name: 'It', timeoutMs: 5000 })
    await expect(ready).rejects.toThrow(/It did not start: .* ended with exit code 3; .*something is wrong/s)
  })

  test('that never gets ready is killed', async () => {
    const child = start('sleep 1000')
    const ready = waitUntilReady(child, async () => false, { name: 'It', timeoutMs: 200 })
    await expect(ready).rejects.toThrow('It was not ready after 0.2 s')
    expect(isRunning(-child.pid)).toBe(false)
  })

  test('ends with the process that started it, even when that one is killed', async () => {
    const module = new URL('../../../demo/services/child.ts', import.meta.url).href
    const script = `import { startChild } from '${module}'
      const child = startChild({ command: 'sleep', args: ['1000'], env: { PATH: process.env.PATH }, cwd: '.', logFile: 'log' })
      console.log(child.pid)`
    const parent = spawn(process.execPath, ['--input-type=module', '-e', script], { cwd: dir })
    const [line] = await event(parent.stdout, 'data')
    const pid = Number(line)
    expect(isRunning(-pid)).toBe(true)
    parent.kill('SIGKILL')
    for (let waited = 0; waited < 5000 && isRunning(-pid); waited += 50) await sleep(50)
    expect(isRunning(-pid)).toBe(false)
  })
})

test('free ports are different from each other, and a preferred port is taken when it is free', async () => {
  const ports = await freePorts(20)
  expect(new Set(ports).size).toBe(20)
  expect(await freePort(ports[0])).toBe(ports[0])
})

test('without a usable Python the message names what was tried and what to install', async () => {
  const before = process.env.PYTHON
  process.env.PYTHON = '/nowhere/python3'
  try {
    await expect(makeVenv(join(dir, 'venv'), 'x==1', silent)).rejects.toThrow(
      /expected Python 3\.10 or newer.*\/nowhere\/python3.*apt-get install python3-venv/s,
    )
  } finally {
    if (before === undefined) delete process.env.PYTHON
    else process.env.PYTHON = before
  }
})

describe('sample logs', () => {
  const options = {
    days: 9,
    perDay: (day: number) => 20 + day,
    versions: [
      { name: 'v1', errorRate: 0 },
      { name: 'v2', errorRate: 1 },
    ],
    seed: 7,
    today: '2024-03-02',
  }

  test('have one key per day, over the end of a leap February', () => {
    const keys = [...sampleLogs(options).keys()]
    expect(keys).toHaveLength(9)
    expect(keys.slice(-3)).toEqual(['qalogs_02:29:24.txt', 'qalogs_03:01:24.txt', 'qalogs_03:02:24.txt'])
    expect([...sampleLogs({ ...options, prefix: 'p/' }).keys()][0]).toBe('p/qalogs_02:23:24.txt')
  })

  test('are the same for the same seed and others for another', () => {
    expect(sampleLogs(options)).toEqual(sampleLogs(options))
    expect(sampleLogs({ ...options, seed: 8 })).not.toEqual(sampleLogs(options))
  })

  test('hold each record with its own date, in order of time', () => {
    const records = sampleRecords(options)
    const logs = [...sampleLogs(options).values()]
    for (const [day, [date, ofDay]] of [...records].entries()) {
      expect(ofDay).toHaveLength(20 + day)
      expect(ofDay.every(({ timestamp }) => timestamp.startsWith(date))).toBe(true)
      expect(ofDay.map(({ timestamp }) => timestamp)).toEqual(ofDay.map(({ timestamp }) => timestamp).sort())
      expect(logs[day]?.match(/^Timestamp: .*/gm)).toEqual(
        ofDay.map(({ timestamp }) => `Timestamp: ${timestamp}`),
      )
      for (const { answer } of ofDay) expect(logs[day]).toContain(`Model Response: "${answer}"\n`)
    }
  })

  test('hold right answers of the versions without errors and wrong ones of the others', () => {
    const records = [...sampleRecords(options).values()].flat()
    expect(new Set(records.map(({ request_id }) => request_id)).size).toBe(records.length)
    for (const { question, answer, model_version } of records) {
      expect(rightAnswer(question)).toEqual(expect.any(String))
      expect(answer === rightAnswer(question)).toBe(model_version === 'v1')
    }
    expect(rightAnswer('What else?')).toBeUndefined()
  })
})

/** A negative number means a process group, as for `kill`. */
function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
