/** An e-mail without its addresses. */
export interface MailContent {
  subject: string
  text: string
  html: string
}

/** A part of an e-mail: written once, shown as text and as HTML. */
export type Block =
  | { kind: 'paragraph'; text: string }
  | { kind: 'link'; label: string; url: string }
  | { kind: 'command'; text: string }
  | { kind: 'facts'; facts: [name: string, value: string][] }
  | { kind: 'table'; head: string[]; rows: string[][] }
  | { kind: 'footer'; text: string }

const MAX_SUBJECT = 150

/**
 * Makes an e-mail of a heading, which is also its subject, and blocks. Whatever comes in stays text: it can't add a
 * header, a tag or a link. The HTML has its style inline and names no text or background colours but the button's,
 * so that mail clients can show it light or dark.
 */
export function renderMail(heading: string, blocks: Block[]): MailContent {
  return {
    subject: subjectOf(heading),
    text: `${[oneLine(heading), ...blocks.map(toText)].join('\n\n')}\n`,
    html: [
      '<!doctype html>',
      '<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">',
      '<meta name="color-scheme" content="light dark"><meta name="supported-color-schemes" content="light dark">',
      `<title>${escapeHtml(oneLine(heading))}</title></head>`,
      `<body style="margin:0;padding:24px 16px;${FONT}"><div style="max-width:600px;margin:0 auto">`,
      `<h1 style="margin:0 0 16px;font-size:20px;line-height:1.3">${escapeHtml(oneLine(heading))}</h1>`,
      ...blocks.map(toHtml),
      '</div></body></html>',
      '',
    ].join('\n'),
  }
}

const FONT =
  "font-family:system-ui,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;font-size:16px;line-height:1.5"
const BUTTON =
  'display:inline-block;padding:10px 20px;border-radius:6px;background:#2563eb;color:#ffffff;text-decoration:none;font-weight:600'
const LINE = 'border-bottom:1px solid #9ca3af'

function toText(block: Block): string {
  switch (block.kind) {
    case 'paragraph':
      return plain(block.text)
    case 'link':
      return `${oneLine(block.label)}: ${oneLine(block.url)}`
    case 'command':
      return `    ${oneLine(block.text)}`
    case 'facts':
      return columns(block.facts, 'start')
    case 'table':
      return columns([block.head, ...block.rows], 'end')
    case 'footer':
      return `-- \n${plain(block.text)}`
  }
}

function toHtml(block: Block): string {
  switch (block.kind) {
    case 'paragraph':
      return `<p style="margin:0 0 16px;white-space:pre-line">${escapeHtml(plain(block.text))}</p>`
    case 'link':
      return linkToHtml(oneLine(block.label), oneLine(block.url))
    case 'command':
      return `<pre style="margin:0 0 16px;padding:8px 12px;border:1px solid #9ca3af;border-radius:6px;font-size:13px;white-space:pre-wrap;word-break:break-all">${escapeHtml(oneLine(block.text))}</pre>`
    case 'facts':
      return htmlTable(
        block.facts.map(([name, value]) => [cell('th', name, 'start'), cell('td', value, 'start')]),
      )
    case 'table':
      return htmlTable([
        block.head.map((text, index) => cell('th', text, alignment(index))),
        ...block.rows.map((row) => row.map((text, index) => cell('td', text, alignment(index)))),
      ])
    case 'footer':
      return `<p style="margin:24px 0 0;font-size:13px;opacity:0.7;white-space:pre-line">${escapeHtml(plain(block.text))}</p>`
  }
}

function linkToHtml(label: string, url: string): string {
  if (!/^https?:\/\//i.test(url)) return `<p style="margin:0 0 16px">${escapeHtml(`${label}: ${url}`)}</p>`
  return `<p style="margin:0 0 16px"><a href="${escapeHtml(url)}" style="${BUTTON}">${escapeHtml(label)}</a></p>`
}

function htmlTable(rows: string[][]): string {
  const body = rows.map((cells) => `<tr>${cells.join('')}</tr>`).join('\n')
  return `<table style="margin:0 0 16px;border-collapse:collapse;font-size:14px">\n${body}\n</table>`
}

function cell(tag: 'th' | 'td', text: string, align: 'start' | 'end'): string {
  const style = `padding:4px 24px 4px 0;text-align:${align === 'start' ? 'left' : 'right'};vertical-align:top;${LINE}`
  return `<${tag} style="${style}">${escapeHtml(oneLine(text))}</${tag}>`
}

/** The first column names things, the others count them. */
function alignment(column: number): 'start' | 'end' {
  return column === 0 ? 'start' : 'end'
}

/** Rows as text, columns padded; all but the first are aligned as said. */
function columns(rows: readonly string[][], align: 'start' | 'end'): string {
  const cells = rows.map((row) => row.map(oneLine))
  const widths = (cells[0] ?? []).map((_, index) => Math.max(...cells.map((row) => row[index]?.length ?? 0)))
  const pad = (text: string, index: number) =>
    index === 0 || align === 'start' ? text.padEnd(widths[index] ?? 0) : text.padStart(widths[index] ?? 0)
  return cells.map((row) => row.map(pad).join('  ').trimEnd()).join('\n')
}

function subjectOf(heading: string): string {
  const characters = [...oneLine(heading)]
  return characters.length > MAX_SUBJECT
    ? `${characters.slice(0, MAX_SUBJECT - 1).join('')}…`
    : characters.join('')
}

function oneLine(text: string): string {
  return plain(text).replace(/\s+/g, ' ')
}

/** Without control characters other than line feeds, and without those that turn the direction of reading. */
function plain(text: string): string {
  return text
    .replace(/\r\n?|[\u2028\u2029]/g, '\n')
    .replace(/(?!\n)\p{Cc}|[\u202A-\u202E\u2066-\u2069]/gu, ' ')
    .trim()
}

function escapeHtml(text: string): string {
  const entities: Record<string, string> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  }
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? '')
}
