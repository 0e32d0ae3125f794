import * as fs from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ConfigurationError, loadConfig } from '../src/config.ts'
import { keepSecret, withKeptSecrets } from '../src/kept-secret.ts'

let dataDir: string
beforeEach(async () => {
  dataDir = await fs.mkdtemp(join(tmpdir(), 'kept-secret-'))
})
afterEach(() => fs.rm(dataDir, { recursive: true }))

describe('a generated secret', () => {
  test('is the same at the second call, and another one in another directory', async () => {
    const secret = await keepSecret(dataDir, 'secret-key')
    expect(secret).toMatch(/^[\w-]{43}$/)
    expect(await keepSecret(dataDir, 'secret-key')).toBe(secret)
    expect(await keepSecret(join(dataDir, 'other'), 'secret-key')).not.toBe(secret)
    expect(await keepSecret(dataDir, 'webhook-secret')).not.toBe(secret)
  })

  test('is in a file that only its owner may read, and nothing else stays behind', async () => {
    await keepSecret(join(dataDir, 'new/data'), 'secret-key')
    expect((await fs.stat(join(dataDir, 'new/data/secret-key'))).mode & 0o777).toBe(0o600)
    expect(await fs.readdir(join(dataDir, 'new/data'))).toEqual(['secret-key'])
  })

  test('is one for all who ask at once', async () => {
    const secrets = await Promise.all(Array.from({ length: 30 }, () => keepSecret(dataDir, 'secret-key')))
    expect(new Set(secrets).size).toBe(1)
    expect(await fs.readdir(dataDir)).toEqual(['secret-key'])
  })

  test('is that of the process which was first, even when it comes between look and write', async () => {
    const secret = await keepSecret(dataDir, 'secret-key', {
      fs: {
        ...fs,
        link: async (from, to) => {
          await fs.writeFile(to, 'of the other process\n')
          await fs.link(from, to)
        },
      },
    })
    expect(secret).toBe('of the other process')
  })

  test.each([
    ['a directory that is a file', async () => fs.writeFile(join(dataDir, 'x'), '')],
    [
      'an empty file',
      async () => fs.mkdir(join(dataDir, 'x')).then(() => fs.writeFile(join(dataDir, 'x/secret-key'), '')),
    ],
  ])('%s is an error that names the file and the variable', async (_, prepare) => {
    await prepare()
    const kept = keepSecret(join(dataDir, 'x'), 'secret-key')
    await expect(kept).rejects.toThrow(ConfigurationError)
    await expect(kept).rejects.toThrow(/SECRET_KEY: .*x\/secret-key/)
  })
})

describe('the secrets of the service', () => {
  test('those that are not set are generated and kept', async () => {
    const config = await withKeptSecrets(loadConfig({ DATA_DIR: dataDir }))
    expect(config.webhookSecrets).toEqual([await keepSecret(dataDir, 'webhook-secret')])
    expect(config.secretKey).toBe(await keepSecret(dataDir, 'secret-key'))
  })

  test('those that are set are taken, and nothing is written', async () => {
    const env = { DATA_DIR: dataDir, WEBHOOK_SECRET: 'a,b', SECRET_KEY: 'c' }
    expect(await withKeptSecrets(loadConfig(env))).toMatchObject({
      webhookSecrets: ['a', 'b'],
      secretKey: 'c',
    })
    expect(await fs.readdir(dataDir)).toEqual([])
  })
})
