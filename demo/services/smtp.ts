import { setTimeout as sleep } from 'node:timers/promises'
import { type ParsedMail, simpleParser } from 'mailparser'
import { SMTPServer } from 'smtp-server'
import { freePort } from './ports.ts'

/**
 * What happens to a delivery instead of success: `unavailable` 421 at the greeting, `defer` 451 and `reject`
 * 550 after the data, `hang` no answer to the data.
 */
export type SmtpFault = 'unavailable' | 'defer' | 'reject' | 'hang'

export type Mail = ParsedMail & {
  /** Whom the envelope named, whatever the header says. */
  recipients: string[]
  /** User name that the sender gave, null without authentication. */
  user: string | null
}

export type Smtp = {
  /** `smtps://user:password@127.0.0.1:port`, or `smtp://…` without TLS. */
  url: string
  port: number
  /** All accepted messages in order of arrival. */
  messages: Mail[]
  /** Each delivery takes the first fault; when none is left, deliveries succeed. */
  faults: SmtpFault[]
  /** The first `count` messages, as soon as there are so many; throws after `timeoutMs`. */
  waitFor(count: number, timeoutMs?: number): Promise<Mail[]>
  stop(): Promise<void>
}

/**
 * An SMTP server on the loopback interface that delivers to `messages`. With `tls` it speaks TLS from the first
 * byte, with `auth` it wants exactly that user and password.
 */
export async function startSmtp(
  options: {
    tls?: { key: string; cert: string }
    auth?: { user: string; password: string }
    faults?: SmtpFault[]
    port?: number
  } = {},
): Promise<Smtp> {
  const messages: Mail[] = []
  const faults = [...(options.faults ?? [])]
  const takeFault = (...kinds: SmtpFault[]) =>
    kinds.includes(faults[0] as SmtpFault) ? faults.shift() : undefined
  const { tls, auth } = options
  const server = new SMTPServer({
    ...(tls ? { secure: true, ...tls } : {}),
    // its own certificate for STARTTLS is one that no client trusts
    disabledCommands: [...(tls ? [] : ['STARTTLS']), ...(auth ? [] : ['AUTH'])],
    allowInsecureAuth: !tls,
    authOptional: !auth,
    disableReverseLookup: true,
    closeTimeout: 200,
    onConnect: (_session, done) => done(takeFault('unavailable') && smtpError(421, 'try again later')),
    onAuth: (given, _session, done) => {
      const matches = given.username === auth?.user && given.password === auth?.password
      done(
        matches ? null : smtpError(535, 'authentication failed'),
        matches ? { user: given.username } : undefined,
      )
    },
    onData: async (stream, session, done) => {
      const mail = await simpleParser(stream)
      const fault = takeFault('defer', 'reject', 'hang')
      if (fault === 'hang') return
      if (fault)
        return done(fault === 'defer' ? smtpError(451, 'try again later') : smtpError(550, 'refused'))
      const recipients = session.envelope.rcptTo.map(({ address }) => address)
      messages.push({ ...mail, recipients, user: session.user ?? null })
      done()
    },
  })
  // a client that goes away or refuses the certificate is no error of this server
  server.on('error', () => {})
  const port = await freePort(options.port)
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const credentials = auth ? `${encodeURIComponent(auth.user)}:${encodeURIComponent(auth.password)}@` : ''
  return {
    url: `${tls ? 'smtps' : 'smtp'}://${credentials}127.0.0.1:${port}`,
    port,
    messages,
    faults,
    waitFor: async (count, timeoutMs = 10_000) => {
      for (let waited = 0; messages.length < count; waited += 20) {
        if (waited >= timeoutMs) {
          const subjects = messages.map(({ subject }) => subject).join('; ') || 'none'
          throw new Error(
            `expected ${count} messages within ${timeoutMs} ms, got ${messages.length}: ${subjects}`,
          )
        }
        await sleep(20)
      }
      return messages.slice(0, count)
    },
    stop: () => new Promise((resolve) => server.close(resolve)),
  }
}

function smtpError(responseCode: number, message: string): Error {
  return Object.assign(new Error(message), { responseCode })
}
