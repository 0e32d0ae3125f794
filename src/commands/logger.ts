import { type DestinationStream, type Logger, pino } from 'pino'
import type { Config } from '../config.ts'
import { logFields } from '../telemetry/log-fields.ts'

const SECRETS = [
  'authorization',
  'Authorization',
  'cookie',
  'Cookie',
  'set-cookie',
  'x-webhook-secret',
  'X-Webhook-Secret',
  'access_token',
  'apiKey',
  'api_key',
  'password',
  'secret',
  'secretKey',
  'secret_access_key',
  'session_token',
  'token',
  'webhookSecret',
]
/** An HTTP client's error has its headers two levels below itself. */
const DEPTHS = ['', '*', '*.*', '*.*.*']

/**
 * The service's log: one JSON object per line, with what the line is about (request, run, job, trace), and with secrets
 * masked wherever they may stand.
 */
export function createLogger(level: Config['logLevel'], stream: DestinationStream): Logger {
  const paths = DEPTHS.flatMap((depth) => SECRETS.map((name) => `${depth}["${name}"]`))
  return pino({ level, mixin: logFields, redact: { paths, censor: '***' } }, stream)
}
