import { findTag } from './config.ts'
import { fieldValue } from './mapping.ts'
import { type Assembly, attempt, type Filled, fail, named, placeOf } from './prediction-assembly.ts'
import { attach } from './prediction-attached.ts'
import { parsedJson, quote } from './prediction-facts.ts'
import { isObject, listOf, refuse } from './prediction-place.ts'
import {
  besideValue,
  buildValue,
  checkRegion,
  idOf,
  isAttached,
  labellers,
  targetOf,
} from './prediction-region.ts'
import { buildRelation } from './prediction-relations.ts'
import { kindOf } from './tags.ts'
import type { ControlTag, Region } from './types.ts'

/** The `result` of a prediction from a record's fields: regions in the order of the config, then relations. */
export function buildResult(assembly: Assembly, fields: Record<string, unknown>): Region[] {
  const filled = filledControls(assembly, fields)
  const isReadyField = new Set<string>()
  for (const { field, value } of filled) {
    const list = isReadyField.has(field) ? undefined : readyList(value)
    if (!list) continue
    isReadyField.add(field)
    list.forEach((given, index) => {
      addReady(assembly, filled, field, given, index)
    })
  }
  const plain = filled.filter(({ field }) => !isReadyField.has(field))
  for (const one of plain) if (!isAttached(assembly.config, one.control)) addPlain(assembly, one)
  // What belongs to a region can't be judged while regions are missing.
  if (assembly.problems.length > 0) return []
  for (const one of plain) if (isAttached(assembly.config, one.control)) attach(assembly, one)
  requireLabellers(assembly)
  checkUnique(assembly)
  return [...assembly.regions.map(({ region }) => region), ...relationsOf(assembly, fields)]
}

/** Relations are no control tag of the config; the mapping fills them under the name `relations`. */
function relationsOf(assembly: Assembly, fields: Record<string, unknown>): Region[] {
  const field = relationsField(assembly)
  const value = field === undefined ? undefined : valueAt(fields, field, true)
  const entries = (readyList(value) ?? listOf(value ?? [])).map((given, index) => ({
    given,
    path: `${field}[${index}]`,
  }))
  return entries
    .filter(({ given }) => isRelation(given) || !isReady(given))
    .map(({ given, path }) =>
      attempt(assembly, path, 'relations', () => buildRelation(given, assembly.config, assembly.regions)),
    )
    .filter((region) => region !== undefined)
}

function relationsField(assembly: Assembly): string | undefined {
  return findTag(assembly.config.controls, 'relations') ? undefined : assembly.mapping.prediction.relations
}

function filledControls(assembly: Assembly, fields: Record<string, unknown>): Filled[] {
  return assembly.config.controls.flatMap((control) => {
    if (!Object.hasOwn(assembly.mapping.prediction, control.name)) return []
    const field = assembly.mapping.prediction[control.name] as string
    const value = valueAt(
      fields,
      field,
      !kindOf(control.type).perTask || isAttached(assembly.config, control),
    )
    const isEmpty = value === undefined || value === null || (value === '' && control.type !== 'textarea')
    return isEmpty ? [] : [{ control, field, value }]
  })
}

/** A record's value; text that is JSON is read where a structure is expected, or where it holds ready regions. */
function valueAt(fields: Record<string, unknown>, field: string, isStructure: boolean): unknown {
  const value = fieldValue(fields, field)
  if (typeof value !== 'string') return value
  const parsed = parsedJson(value)
  return isStructure || readyList(parsed) ? parsed : value
}

/** Regions in Label Studio's own form: a list of them, one, or a whole prediction with a `result`. */
function readyList(value: unknown): unknown[] | undefined {
  if (isObject(value) && Array.isArray(value.result) && value.result.length === 0) return []
  const list = isObject(value) && Array.isArray(value.result) ? value.result : listOf(value)
  return list.some(isReady) ? list : undefined
}

function isReady(given: unknown): boolean {
  if (!isObject(given)) return false
  return isRelation(given) || (isObject(given.value) && (given.from_name ?? given.type) !== undefined)
}

function isRelation(given: unknown): boolean {
  return isObject(given) && given.type === 'relation'
}

function addReady(assembly: Assembly, filled: Filled[], field: string, given: unknown, index: number): void {
  const path = `${field}[${index}]`
  if (isRelation(given)) {
    if (relationsField(assembly) !== field)
      fail(assembly, path, 'relations', `map "relations" to "${field}" as well`)
    return
  }
  const own = filled.filter((one) => one.field === field)
  const from = isObject(given) ? (given.from_name ?? own[0]?.control.name) : undefined
  const control = findTag(assembly.config.controls, from)
  attempt(assembly, path, control ? named(control) : 'the labeling config', () => {
    if (!isObject(given)) return refuse(`expected a region, got ${quote(given)}`)
    if (!control)
      return refuse(
        `from_name ${quote(from)} is no control tag (there are: ${names(assembly.config.controls)})`,
      )
    if (!own.some((one) => one.control === control)) {
      return refuse(`map "${control.name}" to "${field}" as well, so that its regions count as predicted`)
    }
    const to_name = targetOf(given, control)
    const place = placeOf(assembly, control, to_name)
    const region = checkRegion(given, place, isAttached(assembly.config, control))
    const identity = {
      id: idOf(given, [assembly.key, control.name, index]),
      from_name: String(from),
      to_name,
      type: control.type,
    }
    if (region) assembly.regions.push({ region: { ...region, ...identity }, control, field, entry: given })
    return undefined
  })
}

function addPlain(assembly: Assembly, { control, field, value }: Filled): void {
  const { perTask, family } = kindOf(control.type)
  const isList = Array.isArray(value) && (!perTask || (family === 'generic' && value.every(isObject)))
  const entries = perTask && !isList ? [value] : entriesOf(value)
  entries.forEach((entry, index) => {
    const path = Array.isArray(value) && !perTask ? `${field}[${index}]` : field
    attempt(assembly, path, named(control), () => {
      const to_name = targetOf(perTask ? undefined : entry, control)
      const built = buildValue(entry, placeOf(assembly, control, to_name))
      if (!built) return
      const id = idOf(perTask ? undefined : entry, [assembly.key, control.name, index])
      const identity = { id, from_name: control.name, to_name, type: control.type, value: built.value }
      const beside = perTask ? {} : besideValue(entry)
      assembly.regions.push({ region: { ...built.beside, ...beside, ...identity }, control, field, entry })
    })
  })
}

/** The entries of a list, or of an object whose `regions` share what stands beside them (`{"image_width": …, "regions": […]}`). */
function entriesOf(value: unknown): unknown[] {
  if (!isObject(value) || !Array.isArray(value.regions)) return listOf(value)
  const { regions, ...shared } = value
  return regions.map((entry) => (isObject(entry) ? { ...shared, ...entry } : entry))
}

/** A label on a shape whose tag has none must not get lost: the tag that labels it has to be mapped too. */
function requireLabellers(assembly: Assembly): void {
  for (const { control, entry, field } of assembly.regions) {
    const isLabelled = isObject(entry) && !isReady(entry) && (entry.label ?? entry.labels) !== undefined
    if (!isLabelled || kindOf(control.type).key !== null) continue
    const beside = labellers(assembly.config, control)
    if (beside.some((one) => Object.hasOwn(assembly.mapping.prediction, one.name))) continue
    const remedy = beside[0]
      ? `map "${beside[0].name}" to "${field}" as well`
      : 'the labeling config has no labels for it'
    fail(assembly, field, named(control), `its entries carry labels, which this tag has none of: ${remedy}`)
    return
  }
}

function checkUnique(assembly: Assembly): void {
  const seen = new Set<string>()
  for (const { region, control, field } of assembly.regions) {
    const perTask =
      kindOf(control.type).perTask && !control.perRegion && Object.keys(region.value ?? {}).length < 2
    const item = typeof region.item_index === 'number' ? region.item_index : ''
    const identity = JSON.stringify(perTask ? [region.from_name, item] : [region.id, region.from_name])
    if (seen.has(identity)) {
      const what = perTask
        ? 'it has more than one answer for the task, and the editor shows one'
        : `two regions have the id ${quote(region.id)}`
      fail(assembly, field, named(control), what)
    }
    seen.add(identity)
  }
}

function names(controls: ControlTag[]): string {
  return controls.map((control) => `"${control.name}"`).join(', ')
}
