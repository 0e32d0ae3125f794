import { sql } from 'kysely'
import { toJsonb, toText } from '../db/json.ts'
import { latestStrata } from '../evaluations/latest-strata.ts'
import { LabelStudioError } from '../labeling/client.ts'
import { LabelingConfigError, parseLabelingConfig, withoutDeclaration } from '../labeling/config.ts'
import { deriveMapping, type Mapping } from '../labeling/mapping.ts'
import { type BuiltTask, buildTask } from '../labeling/prediction.ts'
import type { LabelingConfig, Problem } from '../labeling/types.ts'
import { expectedSpread, type Spread } from '../logs/allocation.ts'
import { chooseBlind } from '../logs/blind.ts'
import { type Drawn, draw } from '../logs/draw.ts'
import { createFormat, type Fields, type Parsed } from '../logs/format.ts'
import type { ScanResult } from '../logs/gather.ts'
import { addMalformed } from '../logs/malformed.ts'
import { UNDATED } from '../logs/scan.ts'
import { type Definition, givenMapping } from '../monitors/monitor.ts'
import { type RunDependencies, RunStopped } from './execute.ts'
import { NO_PROGRESS, type RunProgress, type RunRow, update } from './run.ts'
import { scanRun } from './scan.ts'
import { forgetShards } from './shards.ts'

/** What a run is about to make in Label Studio; kept on the run, so that every attempt makes the same. */
export interface Plan {
  /** The first part of the project's title. */
  title: string
  label_config: string
  /** The one that all predictions carry, and so the project's. */
  model_version: string
  /** The control tags that the mapping fills. */
  controls: string[]
  tasks: number
  /** How many of them come with a prediction. */
  predictions: number
}

/** The monitor, its labeling config and its logs do not fit together; the user has to mend something. */
export class PlanError extends Error {}

/** Rows of a statement when tasks are written; keeps one statement in the megabytes. */
const WRITE_BATCH = 500

/** Scans the logs, draws the sample and writes down the tasks that are to be imported. */
export async function makePlan(deps: RunDependencies, run: RunRow, signal: AbortSignal): Promise<void> {
  const definition = deps.openDefinition(run.definition as Definition)
  const { title, label_config } = await labelingOf(deps, definition)
  const config = readConfig(label_config)
  const format = createFormat(definition.format, definition.window.timezone, deps.sources)
  const progress = progressWriter(deps, run)
  const scanned = await scanRun(deps, run, { onProgress: progress.note, signal })
  await progress.flush()

  const spread = await spreadFor(deps, run, definition)
  const { mapping, drawn } = drawTasks(config, definition, scanned, format.parse, spread)
  const blind = chooseBlind(drawn.records, definition.sample.blind_fraction)
  const tasks = drawn.records.map((record, position) => {
    const key = `${run.id}:${position}`
    const { stratum, date, object, offset } = record
    const extraMeta = { run: run.id, monitor: run.monitor, stratum, date, source: `${object}@${offset}` }
    const task = buildTask(config, mapping, record.fields, { key, extraMeta })
    if ('problems' in task) throw new Error('a record that was drawn can be built') // drawTasks has tried it
    return { position, key, stratum, blind: blind.has(record), task }
  })
  const blindBy = Map.groupBy(blind, ({ stratum }) => stratum)
  const blindIn = (stratum: string) => (blind.size > 0 ? { blind: blindBy.get(stratum)?.length ?? 0 } : {})
  const plan: Plan = {
    title,
    label_config,
    model_version: modelVersionFor(
      run,
      tasks.map(({ task }) => task.modelVersion),
    ),
    controls: Object.keys(mapping.prediction),
    tasks: tasks.length,
    predictions: tasks.filter(({ blind, task }) => !blind && task.result.length > 0).length,
  }
  const { malformed } = scanned
  addMalformed(malformed, drawn.malformed.first, drawn.malformed.count)
  await deps.database.kysely.transaction().execute(async (tx) => {
    await tx.deleteFrom('run_tasks').where('run_id', '=', run.id).execute()
    for (let at = 0; at < tasks.length; at += WRITE_BATCH) {
      await sql`
        insert into run_tasks (run_id, position, key, stratum, data, meta, result, model_version, score,
          blind)
        select ${run.id}::uuid, r.* from jsonb_to_recordset(${toJsonb(tasks.slice(at, at + WRITE_BATCH).map(toRow))}::jsonb)
          as r (position integer, key text, stratum text, data jsonb, meta jsonb, result jsonb, model_version text,
            score double precision, blind boolean)`.execute(tx)
    }
    const going = await update(tx, run.id, {
      plan: toJsonb(plan),
      strata: toJsonb(drawn.strata.map((each) => ({ ...each, ...blindIn(each.key) }))),
      malformed: toJsonb(malformed.first),
      warnings: toJsonb(warningsOf(definition, mapping, scanned, drawn, spread)),
      progress: toJsonb({
        ...NO_PROGRESS,
        ...scanned.progress,
        records_malformed: malformed.count,
        tasks_total: tasks.length,
      } satisfies RunProgress),
    })
    if (!going) throw new RunStopped()
    await forgetShards(tx, run.id)
  })
}

interface PlannedTask {
  position: number
  key: string
  stratum: string
  blind: boolean
  task: BuiltTask
}

function toRow({ task, stratum, ...planned }: PlannedTask) {
  const { data, meta, result, modelVersion, score } = task
  return { ...planned, stratum: toText(stratum), data, meta, result, model_version: modelVersion, score }
}

/** What the monitor's last evaluation says of the strata, where the allocation asks for it. */
async function spreadFor({ database }: RunDependencies, run: RunRow, { sample }: Definition) {
  if (sample.allocation !== 'neyman' || run.monitor_id === null) return null
  const found = await latestStrata(database.kysely, run.monitor_id, sample.by)
  return found && expectedSpread(found)
}

/** The config of the monitor, or of the project that it copies. */
async function labelingOf(deps: RunDependencies, { title, labeling }: Definition) {
  if (labeling.config !== null) return { title, label_config: withoutDeclaration(labeling.config) }
  const project = await deps.labelStudio.project(labeling.copy_from_project as number).catch((error) => {
    if (!(error instanceof LabelStudioError && error.kind === 'missing')) throw error
    throw new PlanError(
      `Label Studio has no project ${labeling.copy_from_project} to copy the labeling config from: change labeling.copy_from_project, or give labeling.config.`,
    )
  })
  return { title: project.title, label_config: project.label_config }
}

function readConfig(text: string): LabelingConfig {
  try {
    return parseLabelingConfig(text)
  } catch (error) {
    if (error instanceof LabelingConfigError) throw new PlanError(error.message)
    throw error
  }
}

/** How many candidates are read to learn the names of the fields. */
const SAMPLES = 200

/**
 * Derives the mapping from the candidates, and draws those that make a task. One that does not is malformed like one
 * that does not parse, and replaced.
 *
 * @throws PlanError when the mapping can't be completed, or none of the records makes a task
 */
export function drawTasks(
  config: LabelingConfig,
  definition: Definition,
  { sketch }: ScanResult,
  parse: (record: Buffer) => Parsed,
  spread: Spread | null = null,
): { mapping: Mapping; drawn: Drawn } {
  const samples: Fields[] = []
  for (const { candidates } of sketch.strata()) {
    for (const { bytes } of candidates) {
      if (samples.length >= SAMPLES) break
      const parsed = parse(bytes)
      if ('fields' in parsed) samples.push(parsed.fields)
    }
  }
  const names = [...new Set(samples.flatMap((fields) => Object.keys(fields)))]
  const { mapping, problems } = deriveMapping(config, names, givenMapping(definition.mapping), samples)
  if (samples.length > 0 && problems.length > 0) {
    throw new PlanError(`The monitor's mapping does not fit its logs: ${sentence(problems)}`)
  }
  let unbuildable: Problem[] | null = null
  const drawn = draw(
    sketch,
    (record) => {
      const parsed = parse(record)
      if ('problem' in parsed) return parsed
      const task = buildTask(config, mapping, parsed.fields, { key: '' })
      if (!('problems' in task)) return parsed
      unbuildable ??= task.problems
      return { problem: sentence(task.problems) }
    },
    spread,
  )
  if (drawn.records.length === 0 && unbuildable) {
    throw new PlanError(
      `No record of the window makes a task for the labeling config; the first one: ${sentence(unbuildable)}`,
    )
  }
  return { mapping, drawn }
}

function sentence(problems: Problem[]): string {
  return problems.map(({ message }) => message).join('; ')
}

/**
 * Label Studio's label stream shows only predictions of the project's model version: records of several versions are
 * therefore imported under one label, and the real version stands in each task's meta.
 */
function modelVersionFor(run: RunRow, versions: (string | null)[]): string {
  const [only, ...others] = new Set(versions)
  if (only && others.length === 0) return only
  return `${run.monitor} ${run.window_from}..${run.window_to}`
}

function warningsOf(
  { sample }: Definition,
  mapping: Mapping,
  { malformed, progress }: ScanResult,
  drawn: Drawn,
  spread: Spread | null,
): string[] {
  const warnings: string[] = []
  if (sample.where !== null && progress.records_seen === 0) {
    warnings.push(`No record counts by sample.where (${sample.where}): check the names of its fields.`)
  }
  if (sample.allocation === 'neyman' && spread === null) {
    warnings.push(
      `The sample is proportional: no run of the monitor with sample.by ${sample.by} has reviews yet that the allocation neyman could go by.`,
    )
  }
  const shown = new Set(Object.values(mapping.data))
  const told = Object.values(mapping.prediction).filter((field) => shown.has(field))
  if (sample.blind_fraction > 0 && told.length > 0) {
    warnings.push(
      `Blind tasks are not blind: the labeling config shows reviewers the record's ${told.join(', ')}, which is the prediction.`,
    )
  }
  if (malformed.count > 0) {
    warnings.push(
      `${malformed.count} ${malformed.count === 1 ? 'record' : 'records'} could not be read and count for nothing; the first are under malformed.`,
    )
  }
  const undated = sample.by === 'date' && drawn.strata.find(({ key }) => key === UNDATED)?.seen
  if (undated) {
    warnings.push(
      `${undated} ${undated === 1 ? 'record has' : 'records have'} no date and were taken whatever the window is: the monitor's preview says why.`,
    )
  }
  const missing = drawn.strata.filter(({ seen, sampled }) => seen > 0 && sampled === 0).length
  if (missing > 0) warnings.push(`${missing} strata have records but none in the sample: raise sample.total.`)
  return warnings
}

const WRITE_MS = 250

/** Writes progress now and then, never two writes at once; scanning does not wait for it. */
function progressWriter(deps: RunDependencies, run: RunRow) {
  let writing: Promise<unknown> = Promise.resolve()
  let last = 0
  const write = (progress: ScanResult['progress']) => {
    last = Date.now()
    writing = writing
      .then(() =>
        update(deps.database.kysely, run.id, { progress: toJsonb({ ...NO_PROGRESS, ...progress }) }),
      )
      .catch((error) => deps.log.warn({ err: error, run: run.id }, 'progress was not written'))
  }
  return {
    note(progress: ScanResult['progress']) {
      if (Date.now() - last >= WRITE_MS) write(progress)
    },
    flush: () => writing,
  }
}
