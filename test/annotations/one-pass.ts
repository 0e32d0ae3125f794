import { parseLabelingConfig } from '../../src/labeling/config.ts'
import type { ControlTag, Region } from '../../src/labeling/types.ts'
import { compareResults } from '../../src/metrics/compare.ts'
import { labelPairs } from '../../src/metrics/confusion.ts'
import { textEdits } from '../../src/metrics/edits.ts'
import type { FakeAnnotation, FakeLabelStudio, FakeTask } from './fake-label-studio.ts'

/** What a run imported with each of its keys; without the result where it is blind. */
export type Imported = Map<
  string,
  { result: Region[]; model_version: string; stratum: string; blind: boolean }
>

export interface Run {
  imported: Imported
  mapped: string[]
}

/** Tallies as "dimension key" → [count, changed, amount]. */
export type Sums = Record<string, [count: number, changed: number, amount: number]>

interface Vote {
  annotation: FakeAnnotation
  version: string
  prediction: Region[]
  controls: Record<string, { changed: boolean; similarity: number }>
  changed: boolean
}

/**
 * The tallies of a project, computed from nothing but what Label Studio holds now (and what the run imported, where a
 * run made the project): one loop over its tasks, by the definitions of the contract.
 */
export function onePass(fake: FakeLabelStudio, project: number, run: Run | null): Sums {
  const sums: Sums = {}
  const add = (name: string, changed = false, amount = 0) => {
    const [count, changes, total] = sums[name] ?? [0, 0, 0]
    sums[name] = [count + 1, changes + (changed ? 1 : 0), total + amount]
  }
  const controls = predictedControls(fake, project, run)
  const version = fake.projects.get(project)?.model_version ?? ''

  for (const task of tasksOf(fake, project)) {
    add('coverage tasks')
    const imported = run?.imported.get(String(task.meta.key)) ?? null
    if (imported?.blind) add('coverage blind')
    const annotations = fake.annotationsOf(task.id)
    const [first] = annotations
    if (first) add('seed ', first.result[0]?.origin === 'prediction-changed')
    const live = annotations.filter((annotation) => !annotation.was_cancelled)
    if (live.length === 0) {
      if (first) add('coverage skipped')
      continue
    }
    add('coverage reviewed')
    const votes = live.flatMap((annotation): Vote[] => {
      const prediction = imported ?? predictionOf(fake, task, annotation, version)
      if (!prediction || controls.length === 0) return []
      const compared = compareResults(prediction.result, annotation.result, controls)
      const changed = Object.values(compared).some((control) => control.changed)
      const { result, model_version } = prediction
      return [{ annotation, version: model_version, prediction: result, controls: compared, changed }]
    })
    if (votes.length === 0) {
      add('coverage not_comparable')
      continue
    }
    const truths = votes.filter(({ annotation }) => annotation.ground_truth)
    const deciding = truths.length > 0 ? truths : votes
    const decision = decide(deciding)
    const sides = [
      ['model_version', decision.side[0]?.version],
      ['stratum', imported?.stratum],
    ] as const
    const groups = sides.flatMap(([by, key]) => (key === undefined ? [] : [{ by, key }]))
    const decided = controls.map((control) => {
      const { name } = control
      const outcome = decide(
        deciding.map((vote) => ({ ...(vote.controls[name] as Vote['controls'][string]), vote })),
      )
      const [first] = outcome.side.map(({ vote }) => vote).sort((a, b) => a.annotation.id - b.annotation.id)
      if (imported?.blind) return { name, ...decidedOf(outcome) }
      const both = [control, first?.prediction ?? [], first?.annotation.result ?? []] as const
      for (const { predicted, corrected } of labelPairs(...both)) {
        add(`confusion ${name} ${JSON.stringify([predicted, corrected])}`)
        for (const label of new Set([predicted, corrected])) {
          if (label === null) continue
          const sides = [label === predicted, label === corrected ? 1 : 0] as const
          add(`label ${name} ${label}`, ...sides)
          for (const { by, key } of groups)
            add(`${by} label ${JSON.stringify([key, name])} ${label}`, ...sides)
        }
      }
      for (const { removed, added } of textEdits(...both)) {
        add(`edit ${name} ${JSON.stringify([removed, added])}`)
      }
      return { name, ...decidedOf(outcome) }
    })
    const { changed } = decision
    const amount = billionths(mean(decided.map(({ similarity }) => similarity)))
    if (imported?.blind) {
      add('blind ', changed, amount)
      continue
    }
    add('total ', changed, amount)
    add(`model_version ${decision.side[0]?.version}`, changed, amount)
    if (imported) add(`stratum ${imported.stratum}`, changed, amount)
    for (const control of decided) {
      const sums = [control.changed, billionths(control.similarity)] as const
      add(`control ${control.name}`, ...sums)
      const tenth = Math.min(9, Math.floor(control.similarity * 10))
      add(`similarity ${control.name} ${control.changed ? tenth : 10}`)
      for (const { by, key } of groups) add(`${by} control ${key} ${control.name}`, ...sums)
    }
    for (const [author, own] of Map.groupBy(votes, ({ annotation }) => annotation.completed_by)) {
      add(`annotator ${author}`, decide(own).changed)
      for (const { annotation } of own) {
        if (annotation.lead_time === null) continue
        const ms = Math.round(annotation.lead_time * 1000)
        const [digits, power] = Number(ms.toPrecision(3)).toExponential(2).split('e') as [string, string]
        const [one, two, three] = [1, 3, 4].map((length) => `${digits.slice(0, length)}e${power}`)
        add(`lead_time ${author} ${one}`, false, ms)
        add(`lead_time ${author} ${one} ${two}`, false, ms)
        add(`lead_time ${author} ${two} ${three}`, false, ms)
      }
    }
  }
  return sums
}

function tasksOf(fake: FakeLabelStudio, project: number): FakeTask[] {
  return [...fake.tasks.values()].filter((task) => task.project === project)
}

/** Those that the run's mapping fills and the config has; else those that occur in any prediction of the project. */
function predictedControls(fake: FakeLabelStudio, project: number, run: Run | null): ControlTag[] {
  const { controls } = parseLabelingConfig(fake.projects.get(project)?.label_config ?? '')
  if (run) return controls.filter(({ name }) => run.mapped.includes(name))
  const names = tasksOf(fake, project)
    .flatMap(({ id }) => fake.predictionsOf(id))
    .flatMap(({ result }) => result.map((region) => region.from_name ?? ''))
  return [...new Set(names)].flatMap((name) => controls.find((control) => control.name === name) ?? [])
}

function predictionOf(fake: FakeLabelStudio, task: FakeTask, annotation: FakeAnnotation, version: string) {
  const predictions = fake.predictionsOf(task.id).sort((a, b) => b.created_us - a.created_us || b.id - a.id)
  const parent = predictions.find(({ id }) => id === annotation.parent_prediction)
  return (
    parent ?? predictions.find(({ model_version }) => model_version === version) ?? predictions[0] ?? null
  )
}

function decidedOf({ changed, side }: { changed: boolean; side: { similarity: number }[] }) {
  return { changed, similarity: mean(side.map((each) => each.similarity)) }
}

/** More than half decides, and a tie is a change. */
function decide<T extends { changed: boolean }>(votes: T[]): { changed: boolean; side: T[] } {
  const changed = votes.filter((vote) => vote.changed).length >= votes.filter((vote) => !vote.changed).length
  return { changed, side: votes.filter((vote) => vote.changed === changed) }
}

function mean(values: number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function billionths(similarity: number): number {
  return Math.round(similarity * 1e9)
}
