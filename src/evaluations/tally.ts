import { sql } from 'kysely'
import type { Transaction } from '../db/database.ts'
import { leadTimeBucket, tallyRows } from './lead-times.ts'
import type { TaskOutcome } from './outcome.ts'
import type { Replacements } from './replacement.ts'

/**
 * What each dimension counts. `count` is a number of tasks (for `lead_time`: of annotations); `amount` is a sum of
 * similarities in billionths, for `lead_time` of milliseconds. Of `Frequency` there may be as many keys as there are
 * different labels and words: only the most frequent are ever read. Of `Crossing` only what a threshold is on is read.
 */
export type Dimension =
  | 'coverage' // keys tasks, reviewed, skipped, not_comparable, blind
  | 'total' // key '': the compared tasks that are not blind; so are those of all dimensions but blind and seed
  | 'control' // key: name of the control tag
  | 'similarity' // key: name of the control tag, a space, and the bucket
  | 'model_version'
  | 'stratum'
  | 'annotator' // key: Label Studio's user id
  | 'lead_time' // key: annotator, a space, and the bucket; kept in the rows of `LeadTimes`
  | 'blind' // key '': the compared blind tasks
  | 'seed' // key '': what the original script counts, blind or not
  | LeadTimes
  | Frequency
  | Crossing

/** How the lead times of an annotator are kept, see `lead-times.ts`: the dimension ends in the annotator, and in the digits before. */
export type LeadTimes = `lead_time ${string}`

/** What is counted by control, whose name ends the dimension. */
export type Frequency =
  | `label ${string}` // key: a label; answers and regions with it on either side, with it predicted, with it corrected
  | `confusion ${string}` // key: JSON of predicted and corrected label; answers and regions
  | `edit ${string}` // key: JSON of removed and added words; edits

/** Which tasks are counted together besides all. */
export type Group = 'model_version' | 'stratum'

/** What is counted by control, or by control and label, of one version or stratum alone. */
export type Crossing =
  | `${Group} control ${string}` // the version or stratum ends the dimension; key: name of the control tag
  | `${Group} label ${string}` // ends in JSON of that and the control; key and numbers as of label

/** One addend: dimension, key, count, changed, amount. */
export type Addend = [dimension: Dimension, key: string, count: number, changed: number, amount: number]

const BILLION = 1_000_000_000

/** Similarities are summed as integers, so that taking an addend away leaves exactly what was there before. */
export function toBillionths(similarity: number): number {
  return Math.round(similarity * BILLION)
}

export function fromBillionths(sum: number, count: number): number | null {
  return count === 0 ? null : sum / BILLION / count
}

/**
 * What one existing task adds to the tallies of its project.
 *
 * @param blind whether reviewers do not see its prediction: it is covered, but its comparison counts apart
 */
export function contribution(outcome: TaskOutcome, blind = false): Addend[] {
  const addends: Addend[] = [['coverage', 'tasks', 1, 0, 0]]
  if (blind) addends.push(['coverage', 'blind', 1, 0, 0])
  if (outcome.seed) addends.push(['seed', '', 1, outcome.seed === 'changed' ? 1 : 0, 0])
  if (outcome.state === 'skipped') addends.push(['coverage', 'skipped', 1, 0, 0])
  if (outcome.state === 'not_comparable') {
    addends.push(['coverage', 'reviewed', 1, 0, 0], ['coverage', 'not_comparable', 1, 0, 0])
  }
  const { compared } = outcome
  if (!compared) return addends

  const one = (dimension: Dimension, key: string, changed: boolean, similarity: number): void => {
    addends.push([dimension, key, 1, changed ? 1 : 0, toBillionths(similarity)])
  }
  addends.push(['coverage', 'reviewed', 1, 0, 0])
  if (blind) {
    one('blind', '', compared.changed, compared.similarity)
    return addends
  }
  one('total', '', compared.changed, compared.similarity)
  const groups: [Group, string][] = [['model_version', compared.model_version]]
  if (outcome.stratum !== null) groups.push(['stratum', outcome.stratum])
  for (const [group, of] of groups) one(group, of, compared.changed, compared.similarity)
  for (const [name, control] of Object.entries(compared.controls)) {
    const replaced = frequencies(name, compared.replacements[name])
    one('control', name, control.changed, control.similarity)
    addends.push(['similarity', `${name} ${similarityBucket(control)}`, 1, 0, 0])
    addends.push(...replaced)
    const labels = replaced.filter(([dimension]) => dimension === `label ${name}`)
    for (const [group, of] of groups) {
      one(controlsOf(group, of), name, control.changed, control.similarity)
      addends.push(...labels.map(([, ...counts]): Addend => [labelsOf(group, of, name), ...counts]))
    }
  }
  for (const annotator of compared.annotators) {
    addends.push(['annotator', annotator.key, 1, annotator.changed ? 1 : 0, 0])
    for (const ms of annotator.lead_times_ms) {
      addends.push(['lead_time', `${annotator.key} ${leadTimeBucket(ms)}`, 1, 0, ms])
    }
  }
  return addends
}

/** Of a histogram: 0 to 9 for similarities from 0, 0.1, … on, and 10 for what nobody changed. */
export function similarityBucket({ changed, similarity }: { changed: boolean; similarity: number }): number {
  return changed ? Math.min(9, Math.max(0, Math.floor(similarity * 10))) : SIMILARITY_BUCKETS - 1
}

export const SIMILARITY_BUCKETS = 11

export function controlsOf(group: Group, key: string): Crossing {
  return `${group} control ${key}`
}

export function labelsOf(group: Group, key: string, control: string): Crossing {
  return `${group} label ${JSON.stringify([key, control])}`
}

function frequencies(control: string, { labels, edits }: Replacements = { labels: [], edits: [] }): Addend[] {
  const addends: Addend[] = []
  for (const [predicted, corrected, count] of labels) {
    addends.push([`confusion ${control}`, JSON.stringify([predicted, corrected]), count, 0, 0])
    if (predicted !== null) {
      addends.push([`label ${control}`, predicted, count, count, predicted === corrected ? count : 0])
    }
    if (corrected !== null && corrected !== predicted) {
      addends.push([`label ${control}`, corrected, count, 0, count])
    }
  }
  for (const [removed, added, count] of edits) {
    addends.push([`edit ${control}`, JSON.stringify([removed, added]), count, 0, 0])
  }
  return addends
}

/** `now − before`, summed by dimension and key; what does not move is left out. */
export function difference(before: Addend[], now: Addend[]): Addend[] {
  const sums = new Map<string, Addend>()
  const add = (addends: Addend[], sign: 1 | -1) => {
    for (const [dimension, key, count, changed, amount] of addends) {
      const id = JSON.stringify([dimension, key])
      const sum = sums.get(id) ?? [dimension, key, 0, 0, 0]
      sum[2] += sign * count
      sum[3] += sign * changed
      sum[4] += sign * amount
      sums.set(id, sum)
    }
  }
  add(before, -1)
  add(now, 1)
  return [...sums.values()].filter(
    ([, , count, changed, amount]) => count !== 0 || changed !== 0 || amount !== 0,
  )
}

/** Adds the addends to the project's tallies. What is left of nothing is removed, where keys have no end. */
export async function moveTallies(tx: Transaction, project: number, addends: Addend[]): Promise<void> {
  const rows = tallyRows(addends)
  if (rows.length === 0) return
  const column = (index: 0 | 1 | 2 | 3 | 4) => rows.map((row) => row[index])
  await sql`
    insert into tallies (project_id, dimension, key, count, changed, amount)
    select ${project}::bigint, dimension, key, sum(count), sum(changed), sum(amount)
    from unnest(${column(0)}::text[], ${column(1)}::text[], ${column(2)}::bigint[], ${column(3)}::bigint[],
      ${column(4)}::bigint[]) as addend (dimension, key, count, changed, amount)
    group by dimension, key
    order by dimension, key
    on conflict (project_id, dimension, key) do update set
      count = tallies.count + excluded.count,
      changed = tallies.changed + excluded.changed,
      amount = tallies.amount + excluded.amount`.execute(tx)
  const taken = addends.filter(([dimension, , count]) => count < 0 && isFrequency(dimension))
  if (taken.length === 0) return
  await sql`
    delete from tallies using jsonb_array_elements(${JSON.stringify(taken)}::jsonb) as addend
    where project_id = ${project} and dimension = addend->>0 and key = addend->>1 and count = 0`.execute(tx)
}

function isFrequency(dimension: Dimension): boolean {
  return /^(label|confusion|edit|(model_version|stratum) label) /.test(dimension)
}
