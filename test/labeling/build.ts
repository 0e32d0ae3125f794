import { parseLabelingConfig, requiredFields } from '../../src/labeling/config.ts'
import type { Mapping } from '../../src/labeling/mapping.ts'
import { type BuiltTask, buildTask } from '../../src/labeling/prediction.ts'
import { sampleData } from '../../src/labeling/sample-data.ts'
import type { LabelingConfig, Problem, Region } from '../../src/labeling/types.ts'
import { CONFIGS, type ConfigName } from './configs.ts'

/** Record fields by control name (or `relations`); data keys that are not given get sample data. */
export type Given = Record<string, unknown>

export function configOf(name: ConfigName | LabelingConfig): LabelingConfig {
  return typeof name === 'string' ? parseLabelingConfig(CONFIGS[name]) : name
}

/** Builds a task where each control is filled by the field of its own name, or by the one that `fields` names. */
export function build(
  name: ConfigName | LabelingConfig,
  given: Given,
  options: { data?: Record<string, unknown>; fields?: Record<string, string> } = {},
): BuiltTask | { problems: Problem[] } {
  const config = configOf(name)
  const keys = requiredFields(config)
  const data = keys.map((key) => [`data ${key}`, options.data?.[key] ?? sampleData(config, key)] as const)
  const filled = [...config.controls.map((control) => control.name), 'relations']
  const mapping: Mapping = {
    data: Object.fromEntries(keys.map((key) => [key, `data ${key}`])),
    prediction: Object.fromEntries(
      filled
        .map((control) => [control, options.fields?.[control] ?? control])
        .filter(([, field]) => (field as string) in given),
    ),
    model_version: null,
    score: null,
  }
  return buildTask(config, mapping, { ...Object.fromEntries(data), ...given }, { key: 'record 1' })
}

export function regionsOf(task: BuiltTask | { problems: Problem[] }): Region[] {
  if ('problems' in task) throw new Error(task.problems.map(({ message }) => message).join('\n'))
  return task.result
}

export function problemsOf(task: BuiltTask | { problems: Problem[] }): Problem[] {
  return 'problems' in task ? task.problems : []
}
