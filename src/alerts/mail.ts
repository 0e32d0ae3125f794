import type { NodemailerError } from 'nodemailer'
import type { MailContent } from './mail-body.ts'

export type { MailContent } from './mail-body.ts'

export interface Mail extends MailContent {
  to: readonly string[]
  /** Names the message for good, so that a mail program shows one that was sent twice once. */
  id?: string
}

export interface Delivery {
  accepted: string[]
  /** Addresses that the server refused while it took others. */
  rejected: { address: string; temporary: boolean; message: string }[]
}

export interface Mailer {
  /** One message to all recipients. Throws a MailError when no recipient was accepted. */
  send(mail: Mail): Promise<Delivery>
  /** Connects and logs in, without sending. Throws a MailError. */
  verify(): Promise<void>
  close(): void
}

/** A mail was not sent; trying again may help only when `temporary`. The message holds no password. */
export class MailError extends Error {
  override name = 'MailError'
  readonly temporary: boolean

  constructor(message: string, temporary: boolean) {
    super(message)
    this.temporary = temporary
  }
}

/** nodemailer's defaults of minutes would keep a run's last step waiting. */
const CONNECT_TIMEOUT_MS = 15_000
const SILENCE_TIMEOUT_MS = 60_000

/** Failures that no server answer explains and that come again each time. */
const PERMANENT_CODES = ['EAUTH', 'ENOAUTH', 'EOAUTH2', 'EENVELOPE', 'EMESSAGE', 'ECONFIG', 'EREQUIRETLS']

/** Sends through the SMTP server of a checked URL, `smtp://` (TLS by STARTTLS where offered) or `smtps://`. */
export function createMailer({ url, from }: { url: string; from: string }): Mailer {
  // Many services send no mail for days, and most processes none at all.
  const connect = async () =>
    (await import('nodemailer')).createTransport({
      url,
      connectionTimeout: CONNECT_TIMEOUT_MS,
      greetingTimeout: CONNECT_TIMEOUT_MS,
      socketTimeout: SILENCE_TIMEOUT_MS,
      disableFileAccess: true,
      disableUrlAccess: true,
    })
  let connected: ReturnType<typeof connect> | null = null
  const transport = () => {
    connected ??= connect()
    return connected
  }
  const explain = (error: unknown) => toMailError(error as NodemailerError, url)

  return {
    async send({ to, subject, text, html, id }) {
      try {
        const sent = await (await transport()).sendMail({
          from,
          // As objects, because a text is split at its commas into several addresses.
          to: to.map((address) => ({ name: '', address })),
          subject,
          text,
          html,
          ...(id && { messageId: `<${id}@label-studio-monitor>` }),
          // Keeps holiday answers away (RFC 3834).
          headers: { 'Auto-Submitted': 'auto-generated' },
        })
        const rejected = (sent.rejectedErrors ?? []).map((error: NodemailerError) => {
          const { message, temporary } = explain(error)
          return { address: String(error.recipient ?? ''), temporary, message }
        })
        return { accepted: sent.accepted, rejected }
      } catch (error) {
        throw explain(error)
      }
    },
    async verify() {
      await (await transport()).verify().catch((error) => {
        throw explain(error)
      })
    },
    close: () => void connected?.then((each) => each.close()),
  }
}

function toMailError(error: NodemailerError, smtpUrl: string): MailError {
  const url = new URL(smtpUrl)
  const server = `The SMTP server ${url.hostname}${url.port && `:${url.port}`}`
  const said = withoutLogin((error.response || error.message).trim(), url)
  const status = error.responseCode ?? 0
  // An answer of the server classes itself; without one it depends on how far it came.
  const temporary = status > 0 ? !error.permanent : !PERMANENT_CODES.includes(error.code ?? '')
  if (error.code === 'EAUTH' || error.code === 'ENOAUTH') {
    return new MailError(
      `${server} refused the login (${said}); check user and password in SMTP_URL.`,
      temporary,
    )
  }
  if (status > 0 || error.code === 'EENVELOPE' || error.code === 'EMESSAGE') {
    const advice = temporary
      ? 'It asks to try again later.'
      : 'Check SMTP_FROM and the recipients of the monitor.'
    return new MailError(`${server} refused the message (${said}). ${advice}`, temporary)
  }
  return new MailError(
    `${server} could not be used (${said}); check host, port and scheme (smtp or smtps) in SMTP_URL and that it is up.`,
    temporary,
  )
}

/** Some servers repeat what they were sent. */
function withoutLogin(text: string, { username, password }: URL): string {
  if (!password) return text
  const [user, pass] = [decodeURIComponent(username), decodeURIComponent(password)]
  const base64 = (secret: string) => Buffer.from(secret).toString('base64')
  const secrets = [base64(`\0${user}\0${pass}`), base64(pass), password, pass]
  return secrets.reduce((rest, secret) => rest.replaceAll(secret, '***'), text)
}
