import { numberOf, quote } from './prediction-facts.ts'
import { type Built, entryOf, isObject, labelsOf, type Place, refuse } from './prediction-place.ts'
import { kindOf } from './tags.ts'
import { attribute } from './xml.ts'

type Entry = Record<string, unknown>

/** Builds the value of a labelled span; what `start` and `end` mean depends on the object tag. */
export function buildSpan(plain: unknown, place: Place): Built {
  const entry = entryOf(plain, 'an object such as {"start": 0, "end": 4, "label": …}')
  const object = place.object?.tag.toLowerCase() ?? ''
  const value = spanOn(object, place.control.type)(entry, place)
  return { value: { ...value, [kindOf(place.control.type).key ?? 'labels']: labelsOf(entry, place) } }
}

function spanOn(object: string, type: string): (entry: Entry, place: Place) => Entry {
  if (type === 'timelinelabels') return ranges
  if (type === 'timeserieslabels' || object === 'timeseries') return timeSeries
  if (type === 'paragraphlabels' || object === 'paragraphs') return paragraphs
  if (object.startsWith('audio')) return audio
  if (object === 'text') return text
  return type === 'hypertextlabels' || object === 'hypertext' ? hyperText : interval
}

/** Offsets in UTF-16 units, the end exclusive; `text` is filled from the data. */
function text(entry: Entry, { data }: Place): Entry {
  let [start, end] = offsets(entry, 'start', 'end')
  if (typeof data !== 'string') return { start, end, ...given(entry, 'text') }
  const claimed = typeof entry.text === 'string' ? entry.text : undefined
  const codepoints =
    entry.unit === 'codepoints' || (claimed !== undefined && !isSame(data.slice(start, end), claimed))
  if (codepoints) {
    const [unitStart, unitEnd] = fromCodepoints(data, start, end)
    const isMeant = entry.unit === 'codepoints' || isSame(data.slice(unitStart, unitEnd), claimed ?? '')
    if (isMeant) [start, end] = [unitStart, unitEnd]
  }
  if (end > data.length) refuse(`offsets ${start}–${end} are outside the text, which ends at ${data.length}`)
  const shown = cut(data, start, end)
  if (claimed !== undefined && !isSame(shown, claimed)) {
    refuse(`the text at ${start}–${end} is ${quote(shown)}, but "text" says ${quote(claimed)}`)
  }
  return { start, end, text: shown }
}

/** Offsets may cut a surrogate pair in two; the halves could not be stored. */
function cut(text: string, start: number, end: number): string {
  return text.slice(start, end).toWellFormed()
}

/** Offsets counted in characters, as Python does: the same place counted in UTF-16 units. */
function fromCodepoints(data: string, start: number, end: number): [number, number] {
  const characters = [...data.slice(0, 2 * end)]
  if (characters.length < end) return [start, data.length + end - characters.length]
  const units = (count: number) => characters.slice(0, count).join('').length
  return [units(start), units(end)]
}

function isSame(shown: string, claimed: string): boolean {
  const plain = (value: string) => value.normalize('NFC').replace(/\s+/g, ' ').trim()
  return shown === claimed || plain(shown) === plain(claimed)
}

/** Either XPaths with offsets inside their text nodes, or offsets into the whole visible text. */
function hyperText(entry: Entry, { data }: Place): Entry {
  if (numberOf(entry.startOffset) !== undefined || numberOf(entry.endOffset) !== undefined) {
    const startOffset = wholeNumber(entry.startOffset, 'startOffset')
    const endOffset = wholeNumber(entry.endOffset, 'endOffset')
    if (typeof entry.start !== 'string' || typeof entry.end !== 'string') {
      refuse('with startOffset and endOffset, start and end must be XPaths such as "/p[1]/text()[1]"')
    }
    const { start, end } = entry
    return { start, end, startOffset, endOffset, ...given(entry, 'globalOffsets'), ...given(entry, 'text') }
  }
  const [start, end] = offsets(isObject(entry.globalOffsets) ? entry.globalOffsets : entry, 'start', 'end')
  // The visible text is never longer than its HTML.
  if (typeof data === 'string' && end > data.length) refuse(`offsets ${start}–${end} are outside the text`)
  return { start, end, ...given(entry, 'text') }
}

/** `start` and `end` are indices of paragraphs; without offsets inside them the whole paragraphs are meant. */
function paragraphs(entry: Entry, { object, data }: Place): Entry {
  const [from, to] = [wholeNumber(entry.start, 'start'), wholeNumber(entry.end ?? entry.start, 'end')]
  if (from > to) refuse(`start ${from} is after end ${to}`)
  const key = (object && attribute(object, 'textKey')) || 'text'
  const texts = Array.isArray(data)
    ? data.map((item) => (isObject(item) ? String(item[key] ?? '') : ''))
    : undefined
  if (texts && to >= texts.length)
    refuse(`paragraph ${to} is outside the dialogue of ${texts.length} (the first is 0)`)
  const startOffset = wholeNumber(entry.startOffset ?? 0, 'startOffset')
  const endOffset = wholeNumber(entry.endOffset ?? texts?.[to]?.length, 'endOffset')
  if (from === to && startOffset >= endOffset)
    refuse(`startOffset ${startOffset} is not before endOffset ${endOffset}`)
  if (texts && (startOffset > (texts[from] ?? '').length || endOffset > (texts[to] ?? '').length)) {
    refuse(`offsets ${startOffset}–${endOffset} are outside the paragraph`)
  }
  const shown =
    texts && from === to ? { text: cut(texts[from] ?? '', startOffset, endOffset) } : given(entry, 'text')
  return { start: String(from), end: String(to), startOffset, endOffset, ...shown }
}

/** Seconds. */
function audio(entry: Entry): Entry {
  const { start, end } = interval(entry)
  const length = numberOf(entry.original_length)
  if (length !== undefined && end > length)
    refuse(`end ${end} is after the end of the audio at ${length} seconds`)
  return { start, end, channel: wholeNumber(entry.channel ?? 0, 'channel') }
}

/** Values of the time column: numbers, or text in its time format. */
function timeSeries(entry: Entry): Entry {
  const { start } = entry
  const end = entry.end ?? start
  const isText = typeof start === 'string' && typeof end === 'string' && start !== '' && end !== ''
  if (!isText) {
    const [from, to] = [numberOf(start), numberOf(end)]
    if (from === undefined || to === undefined)
      refuse(`start and end must be times, got ${quote(start)} and ${quote(end)}`)
    if (from > to) refuse(`start ${from} is after end ${to}`)
  }
  return { start, end, instant: typeof entry.instant === 'boolean' ? entry.instant : start === end }
}

/** Frames, the first is 1. */
function ranges(entry: Entry): Entry {
  const list = Array.isArray(entry.ranges) ? entry.ranges : [entry]
  if (list.length === 0) refuse('the list of ranges is empty')
  return {
    ranges: list.map((range) => {
      const { start, end } = entryOf(range, 'a range such as {"start": 1, "end": 25}')
      const [first, last] = [wholeNumber(start, 'start'), wholeNumber(end ?? start, 'end')]
      return first <= last ? { start: first, end: last } : refuse(`start ${first} is after end ${last}`)
    }),
  }
}

function interval(entry: Entry): { start: number; end: number } {
  const [start, end] = [numberOf(entry.start), numberOf(entry.end)]
  if (start === undefined || end === undefined || start < 0) {
    return refuse(`start and end must be numbers from 0, got ${quote(entry.start)} and ${quote(entry.end)}`)
  }
  return start < end ? { start, end } : refuse(`start ${start} is not before end ${end}`)
}

function offsets(entry: Entry, first: string, last: string): [number, number] {
  const [start, end] = [wholeNumber(entry[first], first), wholeNumber(entry[last], last)]
  return start < end ? [start, end] : refuse(`${first} ${start} is not before ${last} ${end}`)
}

function wholeNumber(value: unknown, name: string): number {
  const number = numberOf(value)
  if (number !== undefined && Number.isInteger(number) && number >= 0) return number
  return refuse(`${name} must be a whole number from 0, got ${quote(value)}`)
}

function given(entry: Entry, key: string): Entry {
  return entry[key] === undefined ? {} : { [key]: entry[key] }
}
