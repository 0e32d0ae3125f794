import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, mkdtemp, rm } from 'node:fs/promises'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { cli } from './io.ts'

const CLI = fileURLToPath(new URL('../../bin/label-studio-monitor.mjs', import.meta.url))

let DATA_DIR: string
const running: ChildProcess[] = []
beforeAll(async () => {
  DATA_DIR = await mkdtemp(join(tmpdir(), 'serve-'))
})
afterAll(async () => {
  for (const child of running) child.kill('SIGKILL')
  await rm(DATA_DIR, { recursive: true, force: true })
})

/** The command as a process of its own, with these settings alone. */
function start(args: string[], env: Record<string, string>) {
  const { PATH = '' } = process.env
  const child = spawn(process.execPath, [CLI, ...args], { env: { PATH, DATA_DIR, ...env }, cwd: DATA_DIR })
  running.push(child)
  const output = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk) => {
    output.stdout += chunk
  })
  child.stderr.on('data', (chunk) => {
    output.stderr += chunk
  })
  const ended = once(child, 'close').then(([code]) => ({ code, ...output }))
  const logged = async (pattern: RegExp): Promise<RegExpExecArray> => {
    for (;;) {
      const match = pattern.exec(output.stdout)
      if (match) return match
      if (child.exitCode !== null) throw new Error(`it ended: ${output.stderr}${output.stdout}`)
      await Promise.race([once(child.stdout, 'data'), ended])
    }
  }
  return { child, ended, logged }
}

describe('serve', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    'listens on a free port for PORT=0, does its work, and stops in order on %s',
    async (signal) => {
      const { child, ended, logged } = start([], { PORT: '0' })
      const url = (await logged(/"url":"(http:\/\/127\.0\.0\.1:\d+)"/))[1] as string

      const health = await fetch(`${url}/health`)
      expect(await health.json()).toMatchObject({ status: 'UP', model_class: 'label-studio-monitor' })
      const { port } = new URL(url)
      const gate = await cli('gate 999', { env: { PORT: port } })
      expect(gate.code).toBe(2)
      expect(gate.stderr).toContain('Project 999')
      const doctor = await cli('doctor', { env: { PORT: port, DATA_DIR } })
      expect(doctor.stdout).toMatch(/^ok {7}database: the running service uses it$/m)

      child.kill(signal)
      const { code, stdout } = await ended
      expect(code).toBe(0)
      expect(
        stdout
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line).msg),
      ).toContain('stopped')
      await expect(access(join(DATA_DIR, 'postgres', 'data', 'postmaster.pid'))).rejects.toThrow('ENOENT')
    },
    120_000,
  )

  it('takes the two signals of one Ctrl-C below npm for one, and ends at once when asked again', async () => {
    const { child, ended, logged } = start([], { PORT: '0' })
    const port = Number((await logged(/"url":"http:\/\/127\.0\.0\.1:(\d+)"/))[1])
    // A body that never comes keeps the orderly end waiting.
    const request = connect(port, '127.0.0.1')
    request.on('error', () => {})
    request.write(
      'POST /runs HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{',
    )
    await delay(200)
    child.kill('SIGINT')
    child.kill('SIGTERM')
    await logged(/"msg":"stopping"/)
    await delay(700)
    expect(child.exitCode).toBe(null)
    child.kill('SIGINT')
    const { code, stdout } = await ended
    expect(code).toBe(1)
    expect(stdout).not.toContain('stopped')
  })

  it('says in one line that the port is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo
    const { code, stderr } = await start(['serve'], { PORT: String(port) }).ended
    other.close()
    expect(code).toBe(1)
    expect(stderr).toBe(
      `Expected port ${port} of 127.0.0.1 to be free, but it is taken: stop what listens there, or set PORT to another one.\n`,
    )
  })

  it('says in one line that the database can not be opened, and ends', async () => {
    const DATABASE_URL = 'postgres://user:hidden@127.0.0.1:1/monitor'
    const { code, stderr } = await start(['serve'], { PORT: '0', DATABASE_URL }).ended
    expect(code).toBe(1)
    expect(stderr).toContain('127.0.0.1:1')
    expect(stderr).not.toMatch(/hidden|^\s+at /m)
  })

  it('lists wrong settings and exits with 2', async () => {
    const { code, stderr } = await start(['serve'], { PORT: 'many', LOG_LEVEL: 'loud' }).ended
    expect(code).toBe(2)
    expect(stderr).toMatch(
      /^The service can't start: 2 settings are wrong\.\n {2}- PORT: .*\n {2}- LOG_LEVEL: .*\n$/,
    )
  })

  it('doctor opens the database itself where no service runs', async () => {
    const { stdout } = await cli('doctor', { env: { PORT: '1', DATA_DIR } })
    expect(stdout).toMatch(/^ok {7}database: can be opened: PostgreSQL .* embedded/m)
  })
})
