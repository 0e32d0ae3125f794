import type { AddressInfo } from 'node:net'
import { type ParsedMail, simpleParser } from 'mailparser'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import { afterEach, describe, expect, test } from 'vitest'
import { createMailer, MailError, type Mailer } from '../../src/alerts/mail.ts'

const USER = 'models@example.org'
const PASSWORD = 'p@ss: w/rd%'
const LOGIN = `${encodeURIComponent(USER)}:${encodeURIComponent(PASSWORD)}@`
const mail = {
  to: ['ml@example.org', 'ops@example.org'],
  subject: 'Ready: Überblick',
  text: 'text ä\n',
  html: '<p>html ä</p>',
}

let closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing) close()
  closing = []
})

interface Received {
  mails: ParsedMail[]
  recipients: string[][]
}

const refusal = (responseCode: number, message: string) => Object.assign(new Error(message), { responseCode })

/** A real SMTP server that keeps what it is sent. */
async function startServer(options: SMTPServerOptions = {}): Promise<{ port: number; received: Received }> {
  const received: Received = { mails: [], recipients: [] }
  const server = new SMTPServer({
    disabledCommands: options.secure ? [] : ['STARTTLS'],
    allowInsecureAuth: true,
    onAuth: ({ username, password }, _, done) =>
      username === USER && password === PASSWORD
        ? done(null, { user: username })
        : done(refusal(535, `no: ${username} ${password} ${Buffer.from(password ?? '').toString('base64')}`)),
    onData: (stream, session, done) => {
      simpleParser(stream).then((parsed) => {
        received.mails.push(parsed)
        received.recipients.push(session.envelope.rcptTo.map(({ address }) => address))
        done()
      }, done)
    },
    ...options,
  })
  server.on('error', () => {})
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => server.close())
  return { port: (server.server.address() as AddressInfo).port, received }
}

function mailer(url: string, from = 'Models <models@example.org>'): Mailer {
  const created = createMailer({ url, from })
  closing.push(() => created.close())
  return created
}

async function errorOf(sending: Promise<unknown>): Promise<MailError> {
  const error = await sending.then(
    () => null,
    (reason) => reason,
  )
  expect(error).toBeInstanceOf(MailError)
  return error
}

describe('a message', () => {
  test.each([
    ['over TLS', { secure: true }, 'smtps', '/?tls.rejectUnauthorized=false'],
    ['without TLS', {}, 'smtp', ''],
  ])('%s reaches all recipients in text and HTML', async (_, options, scheme, query) => {
    const { port, received } = await startServer(options)
    const own = mailer(`${scheme}://${LOGIN}127.0.0.1:${port}${query}`)
    await own.verify()
    expect(await own.send({ ...mail, id: 'run-1' })).toEqual({ accepted: mail.to, rejected: [] })
    expect(received.recipients).toEqual([mail.to])
    expect(received.mails[0]).toMatchObject({
      subject: mail.subject,
      text: mail.text,
      html: expect.stringContaining(mail.html),
      messageId: '<run-1@label-studio-monitor>',
      from: { text: '"Models" <models@example.org>' },
    })
    expect(received.mails[0]?.headers.get('auto-submitted')).toBe('auto-generated')
  })

  test('a relay that wants no login', async () => {
    const { port, received } = await startServer({
      authOptional: true,
      disabledCommands: ['AUTH', 'STARTTLS'],
    })
    await mailer(`smtp://127.0.0.1:${port}`).send(mail)
    expect(received.mails).toHaveLength(1)
  })

  test('line feeds in a subject or address add no header', async () => {
    const { port, received } = await startServer()
    const own = mailer(`smtp://${LOGIN}127.0.0.1:${port}`)
    await own.send({
      ...mail,
      subject: 'x\r\nBcc: evil@example.org',
      to: ['a@x.org\r\nBcc: evil@example.org', 'b@x.org'],
    })
    expect(received.mails[0]?.headers.has('bcc')).toBe(false)
    expect(received.recipients).toEqual([['b@x.org']])
  })

  test('an address with a comma is not two', async () => {
    const { port, received } = await startServer()
    await mailer(`smtp://${LOGIN}127.0.0.1:${port}`).send({
      ...mail,
      to: ['a@x.org,evil@example.org', 'b@x.org'],
    })
    expect(received.recipients).toEqual([['b@x.org']])
  })

  test('an address that the server refuses is told, the others have the message', async () => {
    const { port, received } = await startServer({
      onRcptTo: ({ address }, _, done) =>
        address === 'ops@example.org' ? done(refusal(550, 'no such user')) : done(),
    })
    expect(await mailer(`smtp://${LOGIN}127.0.0.1:${port}`).send(mail)).toEqual({
      accepted: ['ml@example.org'],
      rejected: [
        { address: 'ops@example.org', temporary: false, message: expect.stringContaining('no such user') },
      ],
    })
    expect(received.recipients).toEqual([['ml@example.org']])
  })
})

describe('what goes wrong is temporary or not', () => {
  test.each<[string, boolean, SMTPServerOptions, RegExp]>([
    [
      'the server is busy',
      true,
      { onMailFrom: (_, __, done) => done(refusal(451, 'try later')) },
      /try later.*again later/,
    ],
    ['the server closes', true, { onConnect: (_, done) => done(refusal(421, 'closing')) }, /closing/],
    ['no mail from here', false, { onConnect: (_, done) => done(refusal(554, 'go away')) }, /go away/],
    [
      'the sender is refused',
      false,
      { onMailFrom: (_, __, done) => done(refusal(550, 'not you')) },
      /not you.*SMTP_FROM/,
    ],
    [
      'all recipients are unknown',
      false,
      { onRcptTo: (_, __, done) => done(refusal(550, 'nobody')) },
      /nobody/,
    ],
    ['all mailboxes are full', true, { onRcptTo: (_, __, done) => done(refusal(452, 'full')) }, /full/],
    [
      'the message is refused',
      false,
      {
        onData: (stream, _, done) => {
          stream.resume().on('end', () => done(refusal(554, 'spam')))
        },
      },
      /spam/,
    ],
    [
      'the message is put off',
      true,
      {
        onData: (stream, _, done) => {
          stream.resume().on('end', () => done(refusal(450, 'greylisted')))
        },
      },
      /greylisted/,
    ],
    [
      'the login is put off',
      true,
      { onAuth: (_, __, done) => done(refusal(454, 'directory away')) },
      /directory away/,
    ],
  ])('%s: temporary is %s', async (_, temporary, options, message) => {
    const { port } = await startServer(options)
    const error = await errorOf(mailer(`smtp://${LOGIN}127.0.0.1:${port}`).send(mail))
    expect(error.temporary).toBe(temporary)
    expect(error.message).toMatch(message)
    expect(error.message).toContain(`127.0.0.1:${port}`)
  })

  test('a wrong password is not, and is never repeated, however the server quotes it', async () => {
    const { port } = await startServer()
    const own = mailer(`smtp://${encodeURIComponent(USER)}:hunter%202%21@127.0.0.1:${port}`)
    for (const error of [await errorOf(own.send(mail)), await errorOf(own.verify())]) {
      expect(error.temporary).toBe(false)
      expect(error.message).toMatch(/refused the login \(535.*SMTP_URL/s)
      expect(error.message).not.toMatch(/hunter/)
      expect(error.message).not.toContain(Buffer.from('hunter 2!').toString('base64'))
    }
  })

  test('nobody listens: temporary', async () => {
    const { port } = await startServer()
    closing.pop()?.()
    const own = mailer(`smtp://${LOGIN}127.0.0.1:${port}`)
    for (const error of [await errorOf(own.send(mail)), await errorOf(own.verify())]) {
      expect(error).toMatchObject({ temporary: true, message: expect.stringMatching(/check host, port/) })
    }
  })

  test('a host that does not exist: temporary', async () => {
    const error = await errorOf(mailer(`smtp://${LOGIN}smtp.invalid`).send(mail))
    expect(error).toMatchObject({ temporary: true, message: expect.stringContaining('smtp.invalid') })
  })

  test('a certificate that nobody trusts is refused', async () => {
    const { port } = await startServer({ secure: true })
    const error = await errorOf(mailer(`smtps://${LOGIN}127.0.0.1:${port}`).send(mail))
    expect(error.message).toMatch(/certificate/)
  })

  test('no recipient: not temporary', async () => {
    const { port } = await startServer()
    const error = await errorOf(mailer(`smtp://${LOGIN}127.0.0.1:${port}`).send({ ...mail, to: [] }))
    expect(error.temporary).toBe(false)
  })
})
