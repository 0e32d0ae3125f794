import { Problem } from '../contract/problem.ts'
import type { Preview } from '../contract/types.ts'
import { namedControls } from '../evaluations/metric.ts'
import { type LabelStudio, LabelStudioError } from '../labeling/client.ts'
import { LabelingConfigError, parseLabelingConfig } from '../labeling/config.ts'
import { deriveMapping, type Mapping } from '../labeling/mapping.ts'
import { buildTask } from '../labeling/prediction.ts'
import { importTask } from '../labeling/project.ts'
import type { LabelingConfig } from '../labeling/types.ts'
import { createFormat } from '../logs/format.ts'
import { previewLogs } from '../logs/preview.ts'
import { type LogSource, openSource, SourceError, type SourceSettings } from '../logs/source.ts'
import { openText } from '../logs/source-text.ts'
import { whereOf } from '../logs/where.ts'
import { RELATIONS } from '../metrics/compare.ts'
import { windowOf } from '../runs/window.ts'
import { type Definition, givenMapping } from './monitor.ts'
import { whyNoObject } from './no-object.ts'
import { whyUndated } from './undated.ts'

/** What is tried at most: enough to see what a run would do. */
const RECORDS = 10
const OBJECTS_SHOWN = 20
const TIMEOUT_MS = 60_000

/**
 * Tries a monitor, stored or not, without writing anything anywhere. With a sample, that is read in place of the source.
 *
 * @param definition with its secrets in clear
 */
export type TryMonitor = (
  definition: Definition,
  given: { from?: string | null; to?: string | null; sample?: string | null },
) => Promise<Preview>

export function createPreview(deps: {
  labelStudio: LabelStudio
  sources: SourceSettings
  now: () => Date
}): TryMonitor {
  return async (definition, given) => {
    const window = windowOf(given, definition.window, deps.now())
    if (window.from > window.to) {
      throw new Problem('invalid-window', `The window ends (${window.to}) before it starts (${window.from}).`)
    }
    const preview: Preview = {
      window,
      objects_total: 0,
      objects: [],
      records: [],
      mapping: null,
      tasks: [],
      problems: [],
    }
    const complain = (message: string, object: string | null = null, line: number | null = null) =>
      preview.problems.push({ message, object, line })

    const config = await readConfig(deps.labelStudio, definition, complain)
    const open = () =>
      given.sample
        ? openText(given.sample, window.to)
        : openSource(definition.source, deps.sources, definition.window.timezone)
    const found = await readLogs(open, deps.sources, definition, window).catch((error) => {
      if (error instanceof SourceError) complain(error.message)
      else if ((error as Error).name === 'TimeoutError')
        complain(`Reading the logs took longer than ${TIMEOUT_MS / 1000} s; a run has no such limit.`)
      else throw error
      return null
    })
    if (config) checkThresholds(config, definition, complain)
    if (!found) return preview
    preview.objects_total = found.objects.length
    preview.objects = found.objects
      .slice(0, OBJECTS_SHOWN)
      .map(({ key, size, date }) => ({ key, bytes: size ?? 0, date }))
    preview.records = found.records.map(({ fields }) => fields)
    for (const { object, line, problem } of found.malformed.first) complain(problem, object, line)
    if (found.objects.length === 0) {
      complain(await whyNoObject(deps.sources, definition, window, AbortSignal.timeout(TIMEOUT_MS)))
    } else if (found.records.length === 0) complain(whyNone(definition, found.asked))
    const undated = whyUndated(definition, found.records)
    if (undated) complain(undated)
    if (config && found.records.length > 0) addTasks(preview, config, definition, found.records, complain)
    return preview
  }
}

function whyNone({ sample, source }: Definition, tried: number): string {
  if (sample.where === null && source.type === 'sql')
    return 'The query gives no row with a date in the window.'
  if (sample.where === null) return 'The objects hold no record that can be read.'
  return `Of the first ${tried} records none counts by sample.where (${sample.where}).`
}

type Complain = (message: string, object?: string | null, line?: number | null) => void

async function readConfig(
  labelStudio: LabelStudio,
  { labeling }: Definition,
  complain: Complain,
): Promise<LabelingConfig | null> {
  try {
    const text =
      labeling.config ?? (await labelStudio.project(labeling.copy_from_project as number)).label_config
    return parseLabelingConfig(text)
  } catch (error) {
    if (!(error instanceof LabelStudioError || error instanceof LabelingConfigError)) throw error
    complain(error.message)
    return null
  }
}

/** A threshold on a control that reviewers do not have would never be decided. */
function checkThresholds(config: LabelingConfig, { thresholds }: Definition, complain: Complain): void {
  const names = [RELATIONS, ...config.controls.map(({ name }) => name)]
  for (const { metric } of thresholds) {
    const named = namedControls(metric)
    if (named.length === 0 || named.some((name) => names.includes(name))) continue
    complain(
      `The threshold on ${metric} names no control tag of the labeling config; it has ${names.slice(1).join(', ')}.`,
    )
  }
}

async function readLogs(
  open: () => LogSource,
  sources: SourceSettings,
  definition: Definition,
  window: { from: string; to: string },
) {
  const source = open()
  try {
    return await previewLogs({
      source,
      format: createFormat(definition.format, definition.window.timezone, sources),
      window,
      count: RECORDS,
      where: whereOf(definition.sample),
      limits: { maxRecordBytes: definition.format.max_record_bytes },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
  } finally {
    await source.close?.()
  }
}

function addTasks(
  preview: Preview,
  config: LabelingConfig,
  definition: Definition,
  records: { object: string; line: number; fields: Record<string, unknown> }[],
  complain: Complain,
): void {
  const samples = records.map(({ fields }) => fields)
  const names = [...new Set(samples.flatMap((fields) => Object.keys(fields)))]
  const { mapping, problems } = deriveMapping(config, names, givenMapping(definition.mapping), samples)
  preview.mapping = mapping satisfies Mapping
  for (const { message } of problems) complain(message)
  if (problems.length > 0) return
  records.forEach(({ object, line, fields }, position) => {
    const task = buildTask(config, mapping, fields, { key: `preview:${position}` })
    if ('problems' in task) for (const { message } of task.problems) complain(message, object, line)
    else {
      const { modelVersion, ...rest } = task
      preview.tasks.push(importTask({ ...rest, model_version: modelVersion ?? 'undefined' }))
    }
  })
}
