import { toDateText } from './datetime.ts'
import { numberOf, parsedJson, quote } from './prediction-facts.ts'
import { allowed, isObject, isOpen, labelOf, listOf, type Place, refuse } from './prediction-place.ts'
import type { ControlTag } from './types.ts'
import { attribute } from './xml.ts'

/**
 * The answer of a control tag as a region's `value` holds it, from a plain value or from Label Studio's own form of it.
 * Null means that there is no answer: an empty list.
 */
export type AnswerBuilder = (plain: unknown, place: Place) => unknown

export const ANSWERS: Record<string, AnswerBuilder> = {
  choices,
  taxonomy,
  textarea,
  number,
  rating,
  datetime,
  pairwise,
  ranker,
}

function choices(plain: unknown, { control }: Place): unknown {
  const chosen = parsedList(plain, control.labels)
  if (chosen.length === 0) return null
  const multiple = attribute(control, 'choice') === 'multiple'
  if (control.paths) {
    const paths = pathsOf(chosen, control)
    return paths.length > 1 && !multiple ? refuseMany(plain) : paths
  }
  const values = [...new Set(chosen.map((choice) => labelOf(choice, [control])))]
  return values.length > 1 && !multiple ? refuseMany(plain) : values
}

function refuseMany(plain: unknown): never {
  return refuse(`only one choice is allowed (choice="multiple" is not set), got ${quote(plain)}`)
}

function taxonomy(plain: unknown, { control }: Place): unknown {
  const paths = pathsOf(parsedList(plain, control.labels), control)
  return paths.length > 0 ? paths : null
}

function parsedList(plain: unknown, labels: string[] = []): unknown[] {
  return listOf(typeof plain === 'string' && !labels.includes(plain) ? parsedJson(plain) : plain)
}

/** Paths through nested choices: `["A", "B"]`, `"A/B"`, or a list of either. */
function pathsOf(given: unknown[], control: ControlTag): string[][] {
  const texts = given.filter((item): item is string => typeof item === 'string')
  if (texts.length === given.length && given.length > 1) {
    const single = texts.map((text) => resolvePath(text, control))
    if (single.includes(undefined)) return [resolvePath(texts, control) ?? unknownPath(texts, control)]
  }
  return given.map((item) => resolvePath(item, control) ?? unknownPath(item, control))
}

function unknownPath(path: unknown, control: ControlTag): never {
  const expected = 'a path is a list of names from the top, or the names joined by "/"'
  return refuse(`${quote(path)} is not in the labeling config (${expected}; ${allowed([control])})`)
}

function resolvePath(given: unknown, control: ControlTag): string[] | undefined {
  if (
    typeof given !== 'string' &&
    !(Array.isArray(given) && given.every((step) => typeof step === 'string'))
  ) {
    return refuse(`expected a path such as ["Animals", "Dogs"] or "Animals/Dogs", got ${quote(given)}`)
  }
  const separators = ['/', ' / ', attribute(control, 'pathSeparator') || '/']
  const candidates = Array.isArray(given)
    ? [given as string[]]
    : separators.map((separator) => given.split(separator))
  for (const candidate of candidates) {
    const path = candidate.map((step) => control.aliases?.[step] ?? step)
    if (control.labels.includes(path.join('/')) && path.every((step) => step !== '')) {
      return control.paths?.find((known) => known.join('/') === path.join('/')) ?? path
    }
  }
  return isOpen(control) ? candidates[0] : undefined
}

function textarea(plain: unknown): unknown {
  const texts = listOf(plain).map((text) => {
    if (typeof text === 'string' || typeof text === 'number' || typeof text === 'boolean') return String(text)
    return refuse(`expected text or a list of texts, got ${quote(text)}`)
  })
  return texts.length > 0 ? texts : null
}

function number(plain: unknown, { control }: Place): unknown {
  const value = numberOf(plain) ?? refuse(`expected a number, got ${quote(plain)}`)
  const [min, max] = [numberOf(attribute(control, 'min')), numberOf(attribute(control, 'max'))]
  if (min !== undefined && value < min) refuse(`${value} is below min="${min}"`)
  if (max !== undefined && value > max) refuse(`${value} is above max="${max}"`)
  return value
}

/** Label Studio's default of `maxRating`. */
const STARS = 5

function rating(plain: unknown, { control }: Place): unknown {
  const most = numberOf(attribute(control, 'maxRating')) ?? STARS
  const value = numberOf(plain)
  if (value !== undefined && Number.isInteger(value) && value >= 0 && value <= most) return value
  return refuse(`expected a whole number from 0 to ${most}, got ${quote(plain)}`)
}

function datetime(plain: unknown, { control }: Place): unknown {
  const text = typeof plain === 'number' && Number.isInteger(plain) ? String(plain) : plain
  const [format, only] = [attribute(control, 'format'), attribute(control, 'only')]
  const result = typeof text === 'string' ? toDateText(text.trim(), { format, only }) : undefined
  return (
    result ??
    refuse(
      `expected a date${format ? ` as format="${format}"` : ' such as "2024-03-30"'}, got ${quote(plain)}`,
    )
  )
}

function pairwise(plain: unknown, { control }: Place): unknown {
  if (plain === 'left' || plain === 'right') return plain
  const side = control.toName.indexOf(plain as string)
  if (side === 0 || side === 1) return side === 0 ? 'left' : 'right'
  return refuse(`expected "left" or "right", got ${quote(plain)}`)
}

/** The bucket of the editor that holds what has not been sorted yet. */
const UNSORTED = '_'

function ranker(plain: unknown, { control, data }: Place): unknown {
  const buckets = control.labels
  const known = buckets.length > 0 ? [...buckets, UNSORTED] : [control.name]
  const list = typeof plain === 'string' ? parsedJson(plain) : plain
  const sorted = Array.isArray(list) && buckets.length === 0 ? { [control.name]: list } : list
  if (!isObject(sorted)) {
    const expected = buckets.length > 0 ? `{"${buckets[0]}": [ids], …}` : 'a list of item ids, the best first'
    return refuse(`expected ${expected}, got ${quote(plain)}`)
  }
  const ids = Array.isArray(data) ? new Set(data.map(itemId)) : undefined
  const seen = new Set<string>()
  return Object.fromEntries(
    Object.entries(sorted).map(([bucket, items]) => {
      if (!known.includes(bucket))
        refuse(`${quote(bucket)} is no bucket (there are: ${known.map(quote).join(', ')})`)
      return [bucket, listOf(items).map((item) => rankedId(item, ids, seen))]
    }),
  )
}

function rankedId(item: unknown, ids: Set<string | undefined> | undefined, seen: Set<string>): string {
  const id = itemId(item) ?? itemId({ id: item }) ?? refuse(`expected the id of an item, got ${quote(item)}`)
  if (ids && !ids.has(id)) refuse(`the list that is ranked has no item with the id ${quote(id)}`)
  if (seen.has(id)) refuse(`the item ${quote(id)} is ranked twice`)
  seen.add(id)
  return id
}

function itemId(item: unknown): string | undefined {
  if (!isObject(item)) return undefined
  return typeof item.id === 'string' || typeof item.id === 'number' ? String(item.id) : undefined
}
