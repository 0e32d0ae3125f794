import { LABEL_TAGS, NEEDS_TO_NAME, NOT_CONTROLS, SELF_REFERENCING } from './tags.ts'
import type {
  ChoiceCondition,
  ControlTag,
  DataReference,
  LabelingConfig,
  ObjectTag,
  Problem,
} from './types.ts'
import { attribute, location, parseXml, walk, type XmlElement } from './xml.ts'

/** More would only hide the first ones. */
const MAX_PROBLEMS = 50

/** A labeling config that Label Studio would refuse or could not use; `problems` names everything that is wrong. */
export class LabelingConfigError extends Error {
  readonly problems: Problem[]

  constructor(problems: Problem[]) {
    super(`the labeling config is wrong: ${problems.map((problem) => problem.message).join('; ')}`)
    this.name = 'LabelingConfigError'
    this.problems = problems
  }
}

/**
 * Reads a labeling config: what it shows (object tags), what it asks for (control tags) and which keys of the task's
 * data it needs. Tags that neither show nor ask (View, Style, Header, …) count only for the data that they show; an
 * unknown tag with `name` and `toName` is a control tag like any other.
 *
 * @throws LabelingConfigError when it is not XML, has no control tag, a `toName` without its object tag or a name twice
 */
export function parseLabelingConfig(xml: string): LabelingConfig {
  const root = read(xml)
  const problems: Problem[] = []
  const controls = new Map<XmlElement, ControlTag>()
  const objects: ObjectTag[] = []
  const relationLabels: string[] = []
  const elements = [...walk(root)].filter((element) => !inside(element, 'style'))
  const referenced = new Set(elements.flatMap((element) => namesIn(attribute(element, 'toName'))))

  for (const element of elements) {
    const lower = element.tag.toLowerCase()
    const name = attribute(element, 'name')
    const toName = namesIn(attribute(element, 'toName'))
    if (NEEDS_TO_NAME.has(lower) && !(name && toName.length > 0)) {
      problems.push({ path: location(element), message: `<${element.tag}> needs both name and toName` })
    } else if (LABEL_TAGS.has(lower)) {
      addLabel(element, controls)
    } else if (lower === 'bucket') {
      addBucket(element, controls)
    } else if (lower === 'relation') {
      if (labelOf(element)) relationLabels.push(labelOf(element))
    } else if (name && SELF_REFERENCING.has(lower)) {
      objects.push(objectTag(element, name))
      controls.set(element, controlTag(element, name, toName.length > 0 ? toName : [name]))
    } else if (name && toName.length > 0 && !NOT_CONTROLS.has(lower)) {
      controls.set(element, controlTag(element, name, toName))
    } else if (name && toName.length === 0 && (shows(element) || referenced.has(name))) {
      objects.push(objectTag(element, name))
    }
  }

  problems.push(...nameProblems(elements, controls, objects))
  if (controls.size === 0 && problems.length === 0) {
    problems.push({
      message: 'it has no control tag (a tag with name and toName, such as Choices or TextArea)',
    })
  }
  if (problems.length > 0) throw new LabelingConfigError(problems.slice(0, MAX_PROBLEMS))
  return {
    objects,
    controls: [...controls].map(([element, control]) => ({
      ...control,
      labels: [...new Set(control.labels)],
      ...visibility(element, [...controls.values()]),
    })),
    references: elements.flatMap(referencesOf),
    ...(relationLabels.length > 0 ? { relationLabels } : {}),
  }
}

/** The keys that a task's `data` must have for this config, each once, in config order; nested keys with dots. */
export function requiredFields(config: LabelingConfig): string[] {
  const shown = config.objects.flatMap((object) => (object.field === null ? [] : [baseOf(object.field)]))
  return [...new Set([...(config.references ?? []).map((reference) => reference.field), ...shown])]
}

/** The config without an XML declaration, with which Label Studio answers 500. */
export function withoutDeclaration(xml: string): string {
  return xml.replace(/^\uFEFF?\s*(?:<\?xml[^>]*\?>\s*)?/, '')
}

/** A control tag or an object tag by the name that a region gives; inside a Repeater names end in the item's number. */
export function findTag<Tag extends { name: string }>(tags: Tag[], name: unknown): Tag | undefined {
  return tags.find((tag) => tag.name === name) ?? tags.find((tag) => isRepeated(tag, name))
}

function isRepeated(tag: { name: string }, name: unknown): boolean {
  const parts = tag.name.split(/\{\{[^{}]*\}\}/)
  if (parts.length === 1 || typeof name !== 'string') return false
  const escaped = parts.map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${escaped.join('\\d+')}$`).test(name)
}

function read(xml: string): XmlElement {
  try {
    return parseXml(xml)
  } catch (error) {
    throw new LabelingConfigError([{ message: `it ${(error as Error).message}` }])
  }
}

function inside(element: XmlElement, tag: string): boolean {
  for (let at: XmlElement | null = element; at; at = at.parent) if (at.tag.toLowerCase() === tag) return true
  return false
}

/** Label Studio takes the names as they stand between the commas, blanks included. */
function namesIn(toName: string | undefined): string[] {
  return toName ? toName.split(',') : []
}

function shows(element: XmlElement): boolean {
  return Boolean(attribute(element, 'value') || attribute(element, 'valueList') || element.text)
}

function objectTag(element: XmlElement, name: string): ObjectTag {
  const value =
    ['valueList', 'value', 'data'].map((key) => attribute(element, key)).find(Boolean) ?? element.text
  const field = keysIn(value)[0] ?? null
  const channels = [...walk(element)].filter((inner) => inner.tag.toLowerCase() === 'channel')
  const columns = channels.flatMap((channel) => attribute(channel, 'column') ?? [])
  return {
    name,
    tag: element.tag,
    field,
    attributes: element.attributes,
    ...(columns.length > 0 ? { columns } : {}),
  }
}

function controlTag(element: XmlElement, name: string, toName: string[]): ControlTag {
  const lower = element.tag.toLowerCase()
  const takesLabels = lower === 'choices' || lower === 'taxonomy' || lower.endsWith('labels')
  const open = keysIn(attribute(element, 'value') ?? '').length > 0 || Boolean(attribute(element, 'apiUrl'))
  return {
    name,
    tag: element.tag,
    type: SELF_REFERENCING.get(lower) ?? lower,
    toName,
    labels: [],
    perRegion: attribute(element, 'perRegion') === 'true',
    attributes: element.attributes,
    ...(takesLabels && open ? { openLabels: true } : {}),
    ...(lower === 'taxonomy' || isNested(element) ? { paths: [] } : {}),
  }
}

/** The conditions of a tag and of the views around it, which the editor applies to answers about the whole task. */
function visibility(element: XmlElement, controls: ControlTag[]): Pick<ControlTag, 'visibleWhen'> {
  const visibleWhen: ChoiceCondition[] = []
  for (let at: XmlElement | null = element; at; at = at.parent) {
    const when = attribute(at, 'visibleWhen')
    if (when !== 'choice-selected' && when !== 'choice-unselected') continue
    const tag = attribute(at, 'whenTagName') || null
    const asked = controls.filter(({ name }) => tag === null || name === tag)
    const values = attribute(at, 'whenChoiceValue')
      ?.split(',')
      .flatMap((value) => [value, ...asked.flatMap(({ aliases }) => aliases?.[value] ?? [])])
    visibleWhen.push({ tag, values: values ?? null, chosen: when === 'choice-selected' })
  }
  return visibleWhen.length > 0 ? { visibleWhen } : {}
}

function isNested(choices: XmlElement): boolean {
  return choices.tag.toLowerCase() === 'choices' && attribute(choices, 'allowNested') === 'true'
}

/** Adds a Label or Choice to the control tag that it stands in. */
function addLabel(element: XmlElement, controls: Map<XmlElement, ControlTag>): void {
  const path: string[] = []
  let at: XmlElement | null = element
  for (; at && !controls.has(at); at = at.parent) {
    if (at.tag.toLowerCase() === 'choice') path.unshift(labelOf(at))
  }
  const control = at && controls.get(at)
  const value = attribute(element, 'value')
  const label = labelOf(element)
  if (!control || !label) return
  if (value && isKey(value)) {
    control.openLabels = true
    return
  }
  if (value && label !== value) {
    control.aliases ??= Object.create(null) as Record<string, string>
    control.aliases[value] = label
  }
  if (control.paths) control.paths.push(path)
  // The editor leaves out choices inside of choices unless `allowNested` is set.
  if (control.paths || path.length < 2) control.labels.push(control.paths ? path.join('/') : label)
}

/** What a region carries for a Label, Choice or Relation. */
function labelOf(element: XmlElement): string {
  return attribute(element, 'alias') || attribute(element, 'value') || ''
}

function addBucket(element: XmlElement, controls: Map<XmlElement, ControlTag>): void {
  const control = element.parent && controls.get(element.parent)
  const name = attribute(element, 'name')
  if (control && name) control.labels.push(name)
}

function nameProblems(
  elements: XmlElement[],
  controls: Map<XmlElement, ControlTag>,
  objects: ObjectTag[],
): Problem[] {
  const problems: Problem[] = []
  const names = new Set<string>()
  for (const element of elements) {
    const name = attribute(element, 'name')
    if (!name) continue
    const path = location(element)
    if (names.has(name)) problems.push({ path, message: `the name "${name}" is used twice` })
    names.add(name)
  }
  for (const [element, control] of controls) {
    for (const target of control.toName) {
      if (objects.some((object) => object.name === target)) continue
      const known = objects.map((object) => `"${object.name}"`).join(', ') || 'none'
      problems.push({
        path: `${location(element)}/@toName`,
        message: `toName="${target}" of <${control.tag} name="${control.name}"> names no object tag (there are: ${known})`,
      })
    }
  }
  return problems
}

const REFERRING = ['value', 'valueList', 'data', 'on', 'apiUrl', 'audioUrl', 'framerate']

function referencesOf(element: XmlElement): DataReference[] {
  const isLabel = LABEL_TAGS.has(element.tag.toLowerCase())
  const written: [string, string][] = REFERRING.map((key) => [key, attribute(element, key) ?? ''])
  // The editor takes the text inside a tag as its `value`.
  if (isKey(element.text)) written.push(['value', element.text])
  // In the name of a label a $ is more likely a $ ("A$AP").
  const referring = written.filter(([, value]) => !isLabel || isKey(value))
  return referring.flatMap(([key, value]) =>
    keysIn(value).map((field) => ({
      field: baseOf(field),
      tag: element.tag,
      name: attribute(element, 'name') ?? null,
      attribute: `${key}="${value}"`,
    })),
  )
}

/** The data keys in an attribute: the whole of `$key`, or each `$key` inside other text. A `$5` is money. */
function keysIn(value: string): string[] {
  if (isKey(value)) return [value.slice(1)]
  return [...value.matchAll(/\$([\p{L}_][\p{L}\p{N}_]*(?:\.[\p{L}_][\p{L}\p{N}_]*)*)/gu)].map(
    (match) => match[1] as string,
  )
}

function isKey(value: string): boolean {
  return /^\$[\p{L}_][^\s,$]*$/u.test(value)
}

function baseOf(field: string): string {
  return field.split('[')[0] as string
}
