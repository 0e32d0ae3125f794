import { findTag } from './config.ts'
import type { Mapping } from './mapping.ts'
import { type Place, Refusal } from './prediction-place.ts'
import { labellers } from './prediction-region.ts'
import { kindOf } from './tags.ts'
import type { ControlTag, LabelingConfig, Problem, Region } from './types.ts'

/** A region with the entry of the record that it was built from. */
export interface AssembledRegion {
  region: Region & { id: string; from_name: string; to_name: string }
  control: ControlTag
  field: string
  entry: unknown
}

/** A prediction while it is being built from one record. */
export interface Assembly {
  config: LabelingConfig
  mapping: Mapping
  /** What an object tag shows in this task; undefined when that isn't in the task itself. */
  dataOf: (objectName: string) => unknown
  /** The task's own key; region ids follow from it. */
  key: string
  regions: AssembledRegion[]
  problems: Problem[]
}

/** A control tag that the mapping fills, with what the record holds for it. */
export interface Filled {
  control: ControlTag
  field: string
  value: unknown
}

/** One record with more problems than this has more of the same. */
const MAX_PROBLEMS = 20

/** Runs a step for one entry of a record; a refusal becomes a problem that names field and tag. */
export function attempt<Result>(
  assembly: Assembly,
  path: string,
  tag: string,
  step: () => Result,
): Result | undefined {
  try {
    return step()
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    fail(assembly, path, tag, error.message)
    return undefined
  }
}

export function fail(assembly: Assembly, path: string, tag: string, message: string): void {
  if (assembly.problems.length >= MAX_PROBLEMS) return
  assembly.problems.push({ path, message: `field "${path}" for ${tag}: ${message}` })
}

/** A control tag as a message names it. */
export function named(control: ControlTag): string {
  return `<${control.tag} name="${control.name}">`
}

/** What a region of a control tag is built for, on the object tag that it points at. */
export function placeOf(assembly: Assembly, control: ControlTag, target: string): Place {
  const isVideo = kindOf(control.type).family === 'video' && !control.type.endsWith('labels')
  return {
    control,
    object: findTag(assembly.config.objects, target),
    data: assembly.dataOf(target),
    labelled: isVideo ? labellers(assembly.config, control) : [control],
  }
}
