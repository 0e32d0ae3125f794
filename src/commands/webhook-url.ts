import { loadConfig } from '../config.ts'
import { withKeptSecrets } from '../kept-secret.ts'
import { CommandError, EXIT, type Io, parseArguments } from './command.ts'
import { json } from './text.ts'

export const usage = `Usage: label-studio-monitor webhook-url [options]

Shows what to enter in Label Studio so that it tells the service about a project that the service did not make. What is
shown holds the webhook secret.

  --json            print JSON

Exit codes: 0 shown, 2 the call or a setting is wrong
`

export async function run(args: string[], io: Io): Promise<number> {
  const { values } = parseArguments(args, { json: { type: 'boolean' } } as const)
  const config = loadConfig(io.env)
  if (config.port === 0 && !io.env.PUBLIC_URL && !io.env.PUBLIC_URL_FILE) {
    throw new CommandError('PORT is 0, so the address changes with each start: set PORT or PUBLIC_URL.')
  }
  const { publicUrl, webhookSecrets } = await withKeptSecrets(config)
  const secret = webhookSecrets[0] as string
  const url = `${publicUrl}/webhook`
  const header = { name: 'X-Webhook-Secret', value: secret }
  const modelUrl = `${publicUrl}/ml/${encodeURIComponent(secret)}`
  io.stdout.write(
    values.json
      ? json({ url, header, model_url: modelUrl })
      : `Webhook URL  ${url}
Header       ${header.name}: ${header.value}
Model URL    ${modelUrl}

Either of two ways makes Label Studio tell the service what happens in a project:

1. As a webhook: open the project's Settings > Webhooks > Add Webhook. Enter the webhook URL as Payload URL, add the
   header, keep "Send payload" on, and choose the events of annotations, tasks and the project.
   Leave "Send for all actions" off: with it, Label Studio can fail to create labels.
2. As a model: open the project's Settings > Model > Connect Model. Enter the model URL as Backend URL, without
   authentication. Label Studio then registers a webhook by itself.

The service must be reachable for Label Studio at ${publicUrl}; PUBLIC_URL sets another address.
`,
  )
  return EXIT.success
}
