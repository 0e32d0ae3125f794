import { createServer } from 'node:http'
import { freePort } from './ports.ts'
import type { Mail } from './smtp.ts'

export type Mailbox = { url: string; stop(): Promise<void> }

/** A page that lists `messages`, newest first, and shows each as text and as HTML; it reads the array anew each time. */
export async function startMailbox(messages: readonly Mail[], preferredPort?: number): Promise<Mailbox> {
  const server = createServer((request, response) => {
    const number = /^\/(\d+)$/.exec(request.url ?? '')?.[1]
    const mail = messages[Number(number) - 1]
    const found = request.url === '/' || mail !== undefined
    response.writeHead(found ? 200 : 404, {
      'content-type': 'text/html; charset=utf-8',
      // pictures and links of a mail stay dead: only the page's own style is allowed
      'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'",
    })
    response.end(
      !found ? page('Not here', '<p><a href="/">All mail</a></p>') : mail ? message(mail) : list(messages),
    )
  })
  const port = await freePort(preferredPort)
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${port}/`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function list(messages: readonly Mail[]): string {
  const rows = messages.map(
    (mail, index) =>
      `<tr><td>${escapeHtml(date(mail))}</td><td>${escapeHtml(mail.recipients.join(', '))}</td>` +
      `<td><a href="/${index + 1}">${escapeHtml(mail.subject || '(no subject)')}</a></td></tr>`,
  )
  const table = `<table><tr><th>Date</th><th>To</th><th>Subject</th></tr>${rows.reverse().join('')}</table>`
  return page(
    'Mailbox',
    rows.length ? table : '<p>No mail yet; this page looks again every 5 seconds.</p>',
    5,
  )
}

function message(mail: Mail): string {
  const head = `<p><a href="/">All mail</a></p><p>${escapeHtml(date(mail))}<br>From ${escapeHtml(mail.from?.text ?? '')}<br>To ${escapeHtml(mail.recipients.join(', '))}</p>`
  // an empty sandbox: no script, no form, no navigation
  const html = mail.html ? `<h2>HTML</h2><iframe sandbox srcdoc="${escapeHtml(mail.html)}"></iframe>` : ''
  return page(
    mail.subject || '(no subject)',
    `${head}${html}<h2>Text</h2><pre>${escapeHtml(mail.text ?? '')}</pre>`,
  )
}

function page(title: string, body: string, refreshS?: number): string {
  const refresh = refreshS ? `<meta http-equiv="refresh" content="${refreshS}">` : ''
  return `<!doctype html><html lang="en"><head><meta charset="utf-8">${refresh}<title>${escapeHtml(title)}</title><style>
body { font: 16px system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
td, th { text-align: left; padding: .3rem 1rem .3rem 0; vertical-align: top }
pre { white-space: pre-wrap } iframe { width: 100%; height: 30rem; border: 1px solid #ccc }
</style></head><body><h1>${escapeHtml(title)}</h1>${body}</body></html>`
}

function date(mail: Mail): string {
  return (mail.date ?? new Date(0)).toISOString().slice(0, 19).replace('T', ' ')
}

function escapeHtml(text: string): string {
  const entities: Record<string, string> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  }
  return text.replace(/[&<>"']/g, (character) => entities[character] as string)
}
