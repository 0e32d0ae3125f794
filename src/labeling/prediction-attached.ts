import {
  type AssembledRegion,
  type Assembly,
  attempt,
  type Filled,
  named,
  placeOf,
} from './prediction-assembly.ts'
import { quote } from './prediction-facts.ts'
import { isObject, labelsOf, listOf, type Place, refuse } from './prediction-place.ts'
import { buildValue, canHost } from './prediction-region.ts'
import { kindOf } from './tags.ts'
import type { ControlTag } from './types.ts'

/**
 * Adds the answers of a control tag that belong to the regions of other tags: per-region controls, and `Labels` beside
 * `Rectangle`. Each answer becomes a region with the id and the place of the region that it belongs to.
 *
 * The record gives them as a list with one answer per region, in the regions' order (null for none); as
 * `{"region": id, "value": answer}`; or, when the control is mapped to the same field as the regions, inside of each
 * region's entry under the control's name.
 */
export function attach(assembly: Assembly, { control, field, value }: Filled): void {
  const hosts = assembly.regions.filter((host) => canHost(assembly.config, host.control, control))
  if (hosts.some((host) => host.field === field)) {
    for (const host of hosts.filter((candidate) => candidate.field === field)) {
      const answer = isObject(host.entry) ? answerIn(host.entry, control) : undefined
      addTo(assembly, host, control, answer, field)
    }
    return
  }
  attempt(assembly, field, named(control), () => {
    const answers = hosts.length === 1 && !Array.isArray(value) ? [value] : listOf(value)
    if (!answers.some(isAddressed) && answers.length !== hosts.length) {
      refuse(`expected one answer per region (null for none), so ${hosts.length}, got ${answers.length}`)
    }
    answers.forEach((answer, index) => {
      const path = Array.isArray(value) ? `${field}[${index}]` : field
      const host = isAddressed(answer)
        ? hosts.find((one) => one.region.id === String(answer.region))
        : hosts[index]
      if (host) addTo(assembly, host, control, isAddressed(answer) ? answer.value : answer, path)
      else refuse(`${quote(answer)} names no region of this record`)
    })
  })
}

function isAddressed(answer: unknown): answer is { region: unknown; value: unknown } {
  return isObject(answer) && 'region' in answer && 'value' in answer
}

function answerIn(entry: Record<string, unknown>, control: ControlTag): unknown {
  if (Object.hasOwn(entry, control.name)) return entry[control.name]
  return control.type === 'labels' ? (entry.labels ?? entry.label) : undefined
}

function addTo(
  assembly: Assembly,
  host: AssembledRegion,
  control: ControlTag,
  answer: unknown,
  path: string,
): void {
  if (answer === undefined || answer === null) return
  attempt(assembly, path, named(control), () => {
    const place = placeOf(assembly, control, host.region.to_name)
    const value =
      control.type === 'labels' ? { labels: labelsOf({ labels: answer }, place) } : answered(answer, place)
    if (!value) return
    // The label of an object in a video stands in the object's own region.
    if (control.type === 'labels' && host.region.type === 'videorectangle') {
      host.region.value = { ...host.region.value, ...value }
      return
    }
    const {
      id,
      to_name,
      score: _score,
      from_name: _from,
      type: _type,
      value: _value,
      ...beside
    } = host.region
    const where = { ...beside, id, from_name: control.name, to_name, type: control.type }
    const region = { ...where, value: { ...placeIn(host), ...value } }
    assembly.regions.push({ region, control, field: path, entry: null })
  })
}

function answered(answer: unknown, place: Place): Record<string, unknown> | undefined {
  return buildValue(answer, place)?.value
}

/** Where a region is, without what it says: its value without labels and text. */
function placeIn(host: AssembledRegion): Record<string, unknown> {
  const { key } = kindOf(host.control.type)
  return Object.fromEntries(
    Object.entries(host.region.value ?? {}).filter(([name]) => name !== key && name !== 'text'),
  )
}
