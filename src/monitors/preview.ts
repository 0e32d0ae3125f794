import { Problem } from '../contract/problem.ts'
import type { Preview } from '../contract/types.ts'
import { type LabelStudio, LabelStudioError } from '../labeling/client.ts'
import { LabelingConfigError, parseLabelingConfig } from '../labeling/config.ts'
import { deriveMapping, type Mapping } from '../labeling/mapping.ts'
import { buildTask } from '../labeling/prediction.ts'
import { importTask } from '../labeling/project.ts'
import type { LabelingConfig } from '../labeling/types.ts'
import { createFormat } from '../logs/format.ts'
import { previewLogs } from '../logs/preview.ts'
import { openSource, SourceError, type SourceSettings } from '../logs/source.ts'
import { whereOf } from '../logs/where.ts'
import { windowOf } from '../runs/window.ts'
import { type Definition, givenMapping, type Monitor, type Monitors } from './monitor.ts'

/** What is tried at most: enough to see what a run would do. */
const RECORDS = 10
const OBJECTS_SHOWN = 20
const TIMEOUT_MS = 60_000

/** Tries a monitor without writing anything anywhere. */
export type TryMonitor = (
  monitor: Monitor,
  given: { from?: string | null; to?: string | null },
) => Promise<Preview>

export function createPreview(deps: {
  monitors: Monitors
  labelStudio: LabelStudio
  sources: SourceSettings
  now: () => Date
}): TryMonitor {
  return async (monitor, given) => {
    const definition = deps.monitors.open(monitor.definition)
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
    const found = await readLogs(deps.sources, definition, window).catch((error) => {
      if (error instanceof SourceError) complain(error.message)
      else if ((error as Error).name === 'TimeoutError')
        complain(`Reading the logs took longer than ${TIMEOUT_MS / 1000} s; a run has no such limit.`)
      else throw error
      return null
    })
    if (!found) return preview
    preview.objects_total = found.objects.length
    preview.objects = found.objects
      .slice(0, OBJECTS_SHOWN)
      .map(({ key, size, date }) => ({ key, bytes: size ?? 0, date }))
    preview.records = found.records.map(({ fields }) => fields)
    for (const { object, line, problem } of found.malformed.first) complain(problem, object, line)
    if (found.objects.length === 0) {
      complain(whyNothing(definition, window))
    } else if (found.records.length === 0) complain(whyNone(definition, found.asked))
    if (config && found.records.length > 0) addTasks(preview, config, definition, found.records, complain)
    return preview
  }
}

function whyNothing({ source }: Definition, { from, to }: { from: string; to: string }): string {
  const days = `from ${from} to ${to}`
  if (source.type === 'http' && source.url_pattern)
    return `There is nothing at the URLs of source.url_pattern ${source.url_pattern} ${days}.`
  const pattern = 'key_pattern' in source ? source.key_pattern : null
  return `No object of the source matches source.key_pattern ${pattern ?? '*'} with a date ${days}.`
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

async function readLogs(
  sources: SourceSettings,
  definition: Definition,
  window: { from: string; to: string },
) {
  const source = openSource(definition.source, sources, definition.window.timezone)
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
