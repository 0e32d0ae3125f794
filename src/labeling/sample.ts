import { parseLabelingConfig, requiredFields } from './config.ts'
import { buildTask } from './prediction.ts'
import { canHost, isAttached } from './prediction-region.ts'
import { sampleData } from './sample-data.ts'
import { sampleValue, unmetCondition } from './sample-values.ts'
import { kindOf, SELF_REFERENCING } from './tags.ts'
import type { ControlTag, LabelingConfig, Region } from './types.ts'

export interface SampleControl {
  name: string
  tag: string
  /** The `type` of its regions. */
  type: string
  to_name: string[]
  labels: string[]
  per_region: boolean
  /** What a log record may hold for this control. */
  example: unknown
  /** Why the sample prediction has no region of this control; null when it has one. */
  note: string | null
}

export interface Sample {
  sample_task: { data: Record<string, unknown> }
  sample_prediction: { model_version: string; score: number; result: Region[] }
  controls: SampleControl[]
}

/**
 * What a task and a prediction for a labeling config look like: always the same for the same config. Label Studio
 * takes the prediction also with its own validation switched on, and its editor shows it; a control for which both
 * can't be has no region and says why.
 *
 * @throws LabelingConfigError
 */
export function sampleFor(labelConfig: string | LabelingConfig): Sample {
  const config = typeof labelConfig === 'string' ? parseLabelingConfig(labelConfig) : labelConfig
  const notes = new Map(config.controls.map((control) => [control, reasonAgainst(config, control)]))
  const included = config.controls.filter((control) => notes.get(control) === null)
  const keys = requiredFields(config)
  const fields = Object.fromEntries([
    ...keys.map((key) => [`data ${key}`, sampleData(config, key)]),
    ...included.map((control) => [`answer ${control.name}`, answerOf(config, included, control)]),
  ])
  const mapping = {
    data: Object.fromEntries(keys.map((key) => [key, `data ${key}`])),
    prediction: Object.fromEntries(included.map((control) => [control.name, `answer ${control.name}`])),
    model_version: null,
    score: null,
  }
  const task = buildTask(config, mapping, fields, { key: 'sample' })
  if ('problems' in task)
    throw new Error(`the sample is wrong: ${task.problems.map(({ message }) => message).join('; ')}`)
  return {
    sample_task: { data: task.data },
    sample_prediction: { model_version: 'sample', score: 0.5, result: task.result },
    controls: config.controls.map((control) => describe(config, control, notes.get(control) ?? null)),
  }
}

/** Answers that belong to regions are given for the first region only. */
function answerOf(config: LabelingConfig, included: ControlTag[], control: ControlTag): unknown {
  const value = sampleValue(config, control)
  if (!isAttached(config, control)) return value
  const hosts = included.filter((host) => canHost(config, host, control))
  return hosts.map((_, index) => (index === 0 ? value : null))
}

function describe(config: LabelingConfig, control: ControlTag, note: string | null): SampleControl {
  const { name, tag, type, toName, labels, perRegion } = control
  return {
    name,
    tag,
    type,
    to_name: toName,
    labels,
    per_region: perRegion,
    example: sampleValue(config, control),
    note,
  }
}

/** Why there can be no region of a control that Label Studio both validates and shows; null when there can. */
function reasonAgainst(config: LabelingConfig, control: ControlTag): string | null {
  const { tag, name } = control
  if (name.includes('{{'))
    return 'it is repeated for each item of the data, and Label Studio validates no such region'
  const target = config.objects.find((object) => object.name === control.toName[0])
  const isSelf = SELF_REFERENCING.has(target?.tag.toLowerCase() ?? '')
  // Label Studio's validation, unlike its editor, takes attributes only as they are documented.
  if (!isSelf && !(target?.attributes.value || target?.attributes.valueList)) {
    return `Label Studio's validation knows no object tag "${control.toName[0]}", because it has no value`
  }
  if (tag.toLowerCase() === 'chat' && control.attributes.toName !== undefined) {
    return "Label Studio's validation takes no message for a Chat that has a toName"
  }
  const { family } = kindOf(control.type)
  if (family === 'choices' && control.paths) {
    return "with allowNested the editor shows paths only, which Label Studio's validation refuses"
  }
  if (family === 'generic' && !isSelf) return 'the tag is not one that Label Studio knows'
  const unmet = unmetCondition(config, control)
  if (unmet !== null) return `the editor shows it only where ${unmet}`
  const hosts = config.controls.filter((host) => canHost(config, host, control))
  const isInBox = control.type === 'labels' && hosts.some((host) => host.type === 'videorectangle')
  if (isInBox) return 'its label stands in the region of the VideoRectangle'
  const isLost = isAttached(config, control) && !hosts.some((host) => reasonAgainst(config, host) === null)
  return isLost ? 'it belongs to a region, and no other tag makes one' : null
}
