import { distance } from 'fastest-levenshtein'
import type { AnswerKind } from './answers.ts'
import { sum } from './match.ts'
import { asList, asNumber, asRecord, asText, canonical } from './read.ts'

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })
/** Longer texts are compared by code units, because splitting them takes its time too. */
const MAX_SPLIT = 1_000_000
/** The distance is computed for 32 cells of its table at once, in a handful of steps. */
const CELLS_PER_STEP = 4

/** In ASCII every character is a grapheme of its own, but for a line end of two. */
const isPlain = (text: string) => !/[^\0-\x7f]|\r\n/.test(text)

/** Both texts with one code unit for each grapheme: its own in ASCII, else a number from `units`. */
function encoded(text: string, units: Map<string, number>): string {
  if (isPlain(text)) return text
  const codes = Array.from(graphemes.segment(text), ({ segment }) => {
    if (segment.length === 1 && segment < '\x80') return segment.charCodeAt(0)
    const code = units.get(segment) ?? Math.min(0x80 + units.size, 0xffff)
    units.set(segment, code)
    return code
  })
  return Buffer.from(Uint16Array.from(codes).buffer).toString('utf16le')
}

/** Levenshtein distance of what is left of two strings without their common beginning and end. */
function boundedDistance(a: string, b: string, cells: number): number {
  const shortest = Math.min(a.length, b.length)
  let start = 0
  while (start < shortest && a[start] === b[start]) start++
  let end = 0
  while (end < shortest - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end++
  const [inA, inB] = [a.slice(start, a.length - end), b.slice(start, b.length - end)]
  const blocks = Math.ceil((inA.length * inB.length) / cells)
  if (blocks <= 1) return distance(inA, inB)
  const block = (text: string, index: number) =>
    text.slice(Math.floor((index * text.length) / blocks), Math.floor(((index + 1) * text.length) / blocks))
  return Array.from({ length: blocks }, (_, index) => distance(block(inA, index), block(inB, index))).reduce(
    (total, part) => total + part,
  )
}

/**
 * 1 − the Levenshtein distance in graphemes over the length of the longer text (Levenshtein 1966). Texts whose
 * product of lengths exceeds what the steps allow (about 28,000 changed characters on each side, when the control
 * has one text) are cut into equally many blocks, compared block by block: a lower bound of the similarity.
 */
export function textSimilarity(a: string, b: string, steps: number): number {
  const units = new Map<string, number>()
  const [inA, inB] =
    Math.max(a.length, b.length) > MAX_SPLIT ? [a, b] : [encoded(a, units), encoded(b, units)]
  const longest = Math.max(inA.length, inB.length)
  return longest === 0 ? 1 : 1 - boundedDistance(inA, inB, Math.max(steps * CELLS_PER_STEP, 1)) / longest
}

/** TextArea: entry by entry, mean over the longer list. */
export const textArea: AnswerKind<string[]> = {
  metric: 'levenshtein',
  read(value) {
    const entries = asList(value.text).map(asText)
    return entries.length === 0 ? null : entries
  },
  isShown: ({ text }) => asList(text).every((entry) => typeof entry === 'string'),
  key: canonical,
  // The editor adds the text of `value` at each submit, as if it had been typed.
  withoutDefault(entries, control) {
    const preset = control.perRegion ? '' : asText(control.attributes?.value ?? '')
    const end = preset === '' ? entries.length : entries.findLastIndex((entry) => entry !== preset) + 1
    return end === 0 ? null : entries.slice(0, end)
  },
  similarity(a, b, steps) {
    const [fewer, more] = a.length < b.length ? [a, b] : [b, a]
    const scores = fewer.map((entry, index) =>
      textSimilarity(entry, more[index] as string, steps / fewer.length),
    )
    return sum(scores) / more.length
  },
  texts: (entries) => entries,
}

interface Message {
  role: string
  content: string
  createdAt: number
}

/** Chat: a message is a region; any may be changed, the assistant's make the similarity. */
export const chat: AnswerKind<Message> = {
  metric: 'levenshtein',
  read(value) {
    const { role, content, createdAt } = asRecord(value.chatmessage)
    if (content === undefined || content === null) return null
    return { role: asText(role), content: asText(content), createdAt: asNumber(createdAt) ?? 0 }
  },
  key: ({ role, content }) => canonical([role, content]),
  similarity: (a, b, steps) => (a.role === b.role ? textSimilarity(a.content, b.content, steps) : 0),
  counts: ({ role }) => role === 'assistant',
  isSeveral: true,
  turn: ({ createdAt }) => createdAt,
  texts: ({ content }) => [content],
}
