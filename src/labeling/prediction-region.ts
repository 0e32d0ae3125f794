import { createHash } from 'node:crypto'
import { ANSWERS } from './prediction-answers.ts'
import { parseScore, quote } from './prediction-facts.ts'
import { type Built, entryOf, isObject, labelsOf, type Place, refuse } from './prediction-place.ts'
import { buildShape, buildVideo } from './prediction-shapes.ts'
import { buildSpan } from './prediction-spans.ts'
import { kindOf } from './tags.ts'
import type { ControlTag, LabelingConfig, Region } from './types.ts'

/** The value of one region from one plain entry; null when there is no answer. */
export function buildValue(plain: unknown, place: Place): Built | null {
  const { family, key } = kindOf(place.control.type)
  const answer = ANSWERS[family]
  if (answer) {
    const given = answer(plain, place)
    return given === null ? null : { value: { [key as string]: given } }
  }
  if (family === 'span') return buildSpan(plain, place)
  if (family === 'video') return buildVideo(plain, place)
  if (family === 'chat') return { value: { chatmessage: message(plain) } }
  if (family === 'generic') return { value: generic(plain, place.control.type) }
  return buildShape(plain, place)
}

/**
 * A region that comes in Label Studio's own form, checked like a plain entry and completed; what it carries besides
 * stays. Null when it holds no answer.
 */
export function checkRegion(given: Region, place: Place, isAttached: boolean): Region | null {
  const { control } = place
  const { family, key, perTask } = kindOf(control.type)
  if (given.type !== undefined && given.type !== control.type) {
    refuse(`the type is ${quote(given.type)}, but regions of this tag have the type "${control.type}"`)
  }
  const value = isObject(given.value)
    ? given.value
    : refuse(`"value" must be an object, got ${quote(given.value)}`)
  const answered = () => value[key as string] ?? refuse(`"value" has no "${key}"`)
  // Whether pixels or percent is settled here: Label Studio's own form is always in percent.
  const entry = {
    ...value,
    original_width: given.original_width,
    original_height: given.original_height,
    unit: 'percent',
  }
  let built: Built | null
  if (family === 'generic') built = { value }
  else if (isAttached && !perTask) built = { value: { labels: labelsOf(value, place) } }
  else if (perTask || family === 'chat') built = buildValue(answered(), place)
  else built = buildValue(entry, place)
  return (
    built && { ...built.beside, ...given, ...regionScore(given.score), value: { ...value, ...built.value } }
  )
}

/** Fields of an entry that stand in the region, not in its value. */
const BESIDE = ['item_index', 'meta', 'original_length', 'readonly', 'hidden']

/** What an entry says about its region besides the value: its score and what Label Studio keeps there. */
export function besideValue(plain: unknown): Partial<Region> {
  if (!isObject(plain)) return {}
  const kept = BESIDE.filter((field) => plain[field] !== undefined).map((field) => [field, plain[field]])
  return { ...regionScore(plain.score), ...Object.fromEntries(kept) }
}

function regionScore(given: unknown): { score?: number } {
  const parsed = parseScore(given)
  if ('problem' in parsed) return refuse(parsed.problem)
  return parsed.score === null ? {} : { score: parsed.score }
}

/** The object tag that a region points at: the one it names, else the control tag's first. */
export function targetOf(given: unknown, control: ControlTag): string {
  const named = isObject(given) ? given.to_name : undefined
  if (named === undefined) return control.toName[0] as string
  const one = Array.isArray(named) && named.length === 1 ? named[0] : named
  const known = control.toName.find((name) => name === one || name.includes('{{'))
  if (typeof one === 'string' && known !== undefined) return one
  return refuse(
    `to_name ${quote(named)} is not what the tag belongs to (toName="${control.toName.join(',')}")`,
  )
}

/** The id that an entry gives, else one that follows from what it stands for, so that importing again gives the same. */
export function idOf(given: unknown, seed: readonly (string | number)[]): string {
  const own = isObject(given) ? given.id : undefined
  if (typeof own === 'number' || (typeof own === 'string' && own !== '')) return String(own)
  return createHash('sha256').update(JSON.stringify(seed)).digest('base64url').slice(0, 10)
}

/** Control tags that label the shapes of this one, which has no labels of its own (`Labels` beside `Rectangle`). */
export function labellers(config: LabelingConfig, shape: ControlTag): ControlTag[] {
  const { family, key } = kindOf(shape.type)
  const isBare =
    !['span', 'chat', 'generic'].includes(family) &&
    !kindOf(shape.type).perTask &&
    (key === null || family === 'video')
  if (!isBare || shape.type.endsWith('labels')) return []
  return config.controls.filter((control) => control.type === 'labels' && sharesObject(control, shape))
}

/** Whether the answer of a control tag is given for another tag's region. */
export function isAttached(config: LabelingConfig, control: ControlTag): boolean {
  if (control.perRegion && kindOf(control.type).perTask) return true
  return (
    control.type === 'labels' && config.controls.some((shape) => labellers(config, shape).includes(control))
  )
}

/** Whether answers of an attached control tag can belong to regions of another one. */
export function canHost(config: LabelingConfig, host: ControlTag, attached: ControlTag): boolean {
  if (kindOf(host.type).perTask || isAttached(config, host)) return false
  return attached.type === 'labels'
    ? labellers(config, host).includes(attached)
    : sharesObject(host, attached)
}

function sharesObject(one: ControlTag, other: ControlTag): boolean {
  return one.toName.some((name) => other.toName.includes(name))
}

/** Label Studio's custom tags keep their answer below the name of their type. */
function generic(plain: unknown, type: string): Record<string, unknown> {
  return isObject(plain) && Object.hasOwn(plain, type) ? plain : { [type]: plain }
}

function message(plain: unknown): Record<string, unknown> {
  if (typeof plain === 'string') return { role: 'assistant', content: plain }
  const { role, content, ...rest } = entryOf(plain, 'a message: text, or {"role": "assistant", "content": …}')
  if (typeof role !== 'string' || typeof content !== 'string') {
    return refuse(`a message needs "role" and "content" as text, got ${quote(plain)}`)
  }
  return { role, content, ...rest }
}
