import { lookup } from 'node:dns/promises'
import { BlockList, isIP } from 'node:net'
import type { Config } from '../config.ts'
import type { Run } from '../contract/types.ts'
import { createLabelStudio, LabelStudioError } from '../labeling/client.ts'
import { webhookProblem } from '../labeling/webhook.ts'
import type { Api } from './api.ts'
import type { Io } from './command.ts'

const TIMEOUT_MS = 10_000

/** The ranges that Label Studio refuses by default. */
const RESERVED = new BlockList()
for (const [network, prefix] of [
  ['127.0.0.0', 8],
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['169.254.0.0', 16],
] as const) {
  RESERVED.addSubnet(network, prefix)
}
for (const [network, prefix] of [
  ['::1', 128],
  ['fc00::', 7],
  ['fe80::', 10],
] as const) {
  RESERVED.addSubnet(network, prefix, 'ipv6')
}

/**
 * Whether Label Studio can tell the service what happens: by its rules for URLs, by whether the service answers at
 * PUBLIC_URL, and by what Label Studio says to that URL, now or else at the last run. Throws what is wrong.
 */
export async function checkWebhook(
  { publicUrl, labelStudio }: Pick<Config, 'publicUrl' | 'labelStudio'>,
  api: Api,
  io: Pick<Io, 'fetch' | 'signal'>,
): Promise<string> {
  const host = new URL(publicUrl).hostname.replace(/^\[(.*)\]$/, '$1')
  if (!(host.includes('.') || host === 'localhost' || isIP(host))) {
    throw new Error(
      `Label Studio takes only host names with a dot, localhost or an IP address, but PUBLIC_URL is ${publicUrl}: set it to such a URL.`,
    )
  }
  await answersAt(publicUrl, io)
  const answers = `the service answers at ${publicUrl}`
  const said = await labelStudioSays(labelStudio, publicUrl)
  if (said === 'taken') return `${answers}, and Label Studio takes webhooks to it`
  if (said) throw new Error(said)
  const { items } = await api.get<{ items: Run[] }>('/runs?limit=50')
  const tried = items.find(({ webhook }) => webhook !== null)
  if (tried?.webhook?.problem) {
    const { problem, remedy } = tried.webhook
    throw new Error(
      `Of the last run (${tried.project?.title ?? tried.id}): ${problem} ${remedy ?? ''}`.trim(),
    )
  }
  if (tried) return `${answers}, and Label Studio has taken the webhook of the last run`
  return (await isReserved(host))
    ? `${answers}; that is a private address, which Label Studio takes only when it is started with SSRF_PROTECTION_ENABLED=false`
    : answers
}

/** Null: it does not say, which another check tells about. */
async function labelStudioSays(
  labelStudio: Config['labelStudio'],
  publicUrl: string,
): Promise<string | null> {
  const client = createLabelStudio(labelStudio?.url ?? null, labelStudio?.apiKey ?? null)
  try {
    const wrong = await webhookProblem(client, `${publicUrl}/webhook`)
    return wrong ? `${wrong.problem} ${wrong.remedy}` : 'taken'
  } catch (error) {
    if (error instanceof LabelStudioError) return null
    throw error
  }
}

async function answersAt(publicUrl: string, io: Pick<Io, 'fetch' | 'signal'>): Promise<void> {
  const advice = 'set PUBLIC_URL to the URL under which Label Studio reaches this service'
  let answer: { model_class?: unknown } | null
  try {
    const signal = AbortSignal.any([io.signal, AbortSignal.timeout(TIMEOUT_MS)])
    const response = await io.fetch(`${publicUrl}/health`, { signal })
    answer = (await response.json().catch(() => null)) as typeof answer
  } catch (error) {
    io.signal.throwIfAborted()
    const { code, message } = ((error as Error).cause ?? error) as NodeJS.ErrnoException
    throw new Error(`Nothing answers at PUBLIC_URL ${publicUrl} (${code ?? message}): ${advice}.`)
  }
  if (answer?.model_class !== 'label-studio-monitor') {
    throw new Error(`What answers at PUBLIC_URL ${publicUrl} is not this service: ${advice}.`)
  }
}

async function isReserved(host: string): Promise<boolean> {
  const addresses = await lookup(host, { all: true }).catch(() => [])
  return addresses.some(({ address, family }) => RESERVED.check(address, family === 6 ? 'ipv6' : 'ipv4'))
}
