import { quote } from './prediction-facts.ts'
import { kindOf } from './tags.ts'
import type { ControlTag, ObjectTag, Region } from './types.ts'

/** Where a region goes: what its value is built for and checked against. */
export interface Place {
  control: ControlTag
  object: ObjectTag | undefined
  /** What the object tag shows in this task; undefined when it isn't in the task itself (a URL, an item of a Repeater). */
  data: unknown
  /** Control tags whose labels the region may carry; without any, labels are not checked. */
  labelled: ControlTag[]
}

/** One region's value together with what stands beside it in the region. */
export interface Built {
  value: Record<string, unknown>
  beside?: Partial<Region>
}

/** A value that Label Studio could not show; the message says what was expected and what came. */
export class Refusal extends Error {}

export function refuse(message: string): never {
  throw new Refusal(message)
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A list as it is, anything else as a list of one. */
export function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [value]
}

export function entryOf(plain: unknown, expected: string): Record<string, unknown> {
  return isObject(plain) ? plain : refuse(`expected ${expected}, got ${quote(plain)}`)
}

/** The labels of an entry, from `label`, `labels` or Label Studio's own key, each checked against the config. */
export function labelsOf(entry: Record<string, unknown>, place: Place): string[] {
  const { key } = kindOf(place.control.type)
  const given = (key === null ? undefined : entry[key]) ?? entry.labels ?? entry.label
  if (given === undefined || given === null) refuse(`a "label" is missing (${allowed(place.labelled)})`)
  const labels = listOf(given).map((label) => labelOf(label, place.labelled))
  return labels.length > 0 ? labels : refuse(`the list of labels is empty (${allowed(place.labelled)})`)
}

/** A label as regions carry it: the alias where the config gives one. */
export function labelOf(given: unknown, controls: ControlTag[]): string {
  const isLabel = typeof given === 'string' || typeof given === 'number' || typeof given === 'boolean'
  if (!isLabel) refuse(`a label must be text, not ${quote(given)}`)
  const label = String(given)
  const tag = controls.find((control) => control.labels.includes(label))
  if (tag) return label
  const aliased = controls.find((control) => control.aliases && Object.hasOwn(control.aliases, label))
  if (aliased?.aliases) return aliased.aliases[label] as string
  if (controls.length === 0 || controls.some(isOpen)) return label
  return refuse(`${quote(label)} is not in the labeling config (${allowed(controls)})`)
}

/** Whether the config leaves open which labels there are. */
export function isOpen(control: ControlTag): boolean {
  return control.openLabels === true || control.labels.length === 0
}

export function allowed(controls: ControlTag[]): string {
  const labels = controls.flatMap((control) => control.labels)
  if (labels.length === 0) return 'any label is allowed'
  return `allowed: ${labels.slice(0, 12).map(quote).join(', ')}${labels.length > 12 ? ', …' : ''}`
}
