import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { cli } from './io.ts'

let DATA_DIR: string
beforeEach(async () => {
  DATA_DIR = await mkdtemp(join(tmpdir(), 'webhook-url-'))
})
afterEach(() => rm(DATA_DIR, { recursive: true }))

describe('webhook-url', () => {
  it('shows URL, header and model URL with the secret that the service keeps', async () => {
    const { code, stdout } = await cli('webhook-url', { env: { DATA_DIR } })
    const secret = (await readFile(join(DATA_DIR, 'webhook-secret'), 'utf8')).trim()
    expect(code).toBe(0)
    expect(stdout).toContain('Webhook URL  http://localhost:9090/webhook\n')
    expect(stdout).toContain(`Header       X-Webhook-Secret: ${secret}\n`)
    expect(stdout).toContain(`Model URL    http://localhost:9090/ml/${secret}\n`)
    expect(await cli('webhook-url', { env: { DATA_DIR } })).toMatchObject({ stdout })
  })

  it.each([
    ['the port', { PORT: '81' }, 'http://localhost:81'],
    [
      'PUBLIC_URL with a path',
      { PUBLIC_URL: 'https://a.example.org/monitor/' },
      'https://a.example.org/monitor',
    ],
    ['PUBLIC_URL with any port', { PUBLIC_URL: 'https://a.example.org', PORT: '0' }, 'https://a.example.org'],
  ])('goes by %s', async (_case, env, base) => {
    const { stdout } = await cli('webhook-url --json', { env: { DATA_DIR, WEBHOOK_SECRET: 's1,s2', ...env } })
    expect(JSON.parse(stdout)).toEqual({
      url: `${base}/webhook`,
      header: { name: 'X-Webhook-Secret', value: 's1' },
      model_url: `${base}/ml/s1`,
    })
  })

  it('escapes a secret that would end the path', async () => {
    const { stdout } = await cli('webhook-url --json', { env: { DATA_DIR, WEBHOOK_SECRET: 'a/b?c#d%' } })
    expect(JSON.parse(stdout)).toMatchObject({ header: { value: 'a/b?c#d%' } })
    expect(JSON.parse(stdout).model_url).toBe('http://localhost:9090/ml/a%2Fb%3Fc%23d%25')
  })

  it('has no address to show for PORT=0', async () => {
    const { code, stderr } = await cli('webhook-url', { env: { DATA_DIR, PORT: '0' } })
    expect(code).toBe(2)
    expect(stderr).toContain('set PORT or PUBLIC_URL')
  })
})
