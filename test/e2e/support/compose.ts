import { readFileSync } from 'node:fs'
import { parse } from 'yaml'

export interface ComposeService {
  image?: string
  command?: string[]
  environment?: Record<string, string>
  ports?: string[]
  volumes?: string[]
  networks?: { default: { aliases: string[] } }
  depends_on?: Record<string, object>
  healthcheck?: { test: string[] }
  [key: string]: unknown
}

export interface Compose {
  services: Record<string, ComposeService>
  configs: Record<string, { content: string }>
  volumes: Record<string, object>
}

/** compose.yaml as Docker reads it in a surrounding that sets nothing: each `${NAME:-default}` is its default. */
export function readCompose(): Compose {
  const text = readFileSync('compose.yaml', 'utf8')
  const filled = text.replace(/\$\{\w+:-([^}]*)\}/g, '$1')
  if (/\$\{/.test(filled))
    throw new Error('compose.yaml has a variable without a default, so it would not work at once')
  return parse(filled)
}

/** The ENV, ENTRYPOINT and CMD of the Dockerfile's last stage. */
export function readImage(): { env: Record<string, string>; command: string[] } {
  const text = readFileSync('Dockerfile', 'utf8').replaceAll('\\\n', ' ')
  const stage = text.slice(text.lastIndexOf('\nFROM '))
  const [, env = ''] = /^ENV (.*)$/m.exec(stage) ?? []
  const words = (name: string): string[] =>
    JSON.parse(new RegExp(`^${name} (\\[.*\\])$`, 'm').exec(stage)?.[1] ?? '[]')
  return {
    env: Object.fromEntries(
      env
        .trim()
        .split(/\s+/)
        .map((pair) => pair.split('=', 2)),
    ),
    command: [...words('ENTRYPOINT'), ...words('CMD')],
  }
}
