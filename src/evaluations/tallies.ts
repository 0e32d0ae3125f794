import { sql } from 'kysely'
import type { Database } from '../db/database.ts'
import { toJsonb } from '../db/json.ts'
import type { Stratum } from '../metrics/weighted.ts'
import { type Frequencies, readFrequencies } from './frequencies.ts'
import { readLeadTimes } from './lead-times.ts'
import {
  type Crossing,
  type Dimension,
  type Frequency,
  fromBillionths,
  type LeadTimes,
  SIMILARITY_BUCKETS,
} from './tally.ts'

/** One row of the tallies; `amount` as `tally.ts` says. */
export interface Counts {
  count: number
  changed: number
  amount: number
}

/** A stratum of a run: production records seen, tasks sampled. */
export interface RunStratum {
  key: string
  seen: number
  sampled: number
  /** Of the sampled; left out where the run has none. */
  blind?: number
}

/** Everything an evaluation is computed from: a number of rows that does not grow with the annotations. */
export interface Tallies {
  coverage: { tasks: number; reviewed: number; skipped: number; not_comparable: number }
  total: Counts
  seed: Counts
  /** The tasks whose prediction reviewers do not see: how many there are, and what came of those compared. */
  blind: { tasks: number; compared: Counts }
  controls: Map<string, Counts>
  /** Per control, how many tasks are in which bucket of similarity. */
  similarities: Map<string, number[]>
  /** By control, which labels and words became which. */
  frequencies: Map<string, Frequencies>
  modelVersions: Map<string, Counts>
  reviewedStrata: Map<string, Counts>
  annotators: Map<string, Counts>
  /** Of one version or stratum alone, as far as it was asked for: by dimension and key, see `crossingId`. */
  crossings: Map<string, Counts>
  /** The median of each annotator's lead times, in seconds. */
  leadTimes: Map<string, number>
  /** Empty in a project that no run made. */
  strata: RunStratum[]
  /** The tasks that were there at the start to be reviewed with their predictions; 0 without a run. */
  planned: number
}

const NONE: Counts = { count: 0, changed: 0, amount: 0 }

export function crossingId(dimension: Crossing, key: string): string {
  return JSON.stringify([dimension, key])
}

/** The dimensions that are read whole. */
const WHOLE: Exclude<Dimension, Frequency | Crossing | LeadTimes>[] = [
  ...([
    'coverage',
    'total',
    'control',
    'model_version',
    'stratum',
    'similarity',
    'annotator',
    'seed',
    'blind',
  ] as const),
]

export async function readTallies(
  db: Database['kysely'],
  project: number,
  strata: RunStratum[],
  asked: [dimension: Crossing, key: string][] = [],
): Promise<Tallies> {
  const rows = await db
    .selectFrom('tallies')
    .select(['dimension', 'key', 'count', 'changed', 'amount'])
    .where('project_id', '=', project)
    .where('dimension', 'in', WHOLE)
    .where('count', '<>', 0)
    .orderBy('key')
    .execute()
  const byDimension = Map.groupBy(rows, (row) => row.dimension as Dimension)
  const of = (dimension: Dimension): Map<string, Counts> =>
    new Map(
      (byDimension.get(dimension) ?? []).map(({ key, count, changed, amount }) => [
        key,
        { count, changed, amount },
      ]),
    )
  const [coverage, controls] = [of('coverage'), of('control')]
  const tasks = (key: string) => coverage.get(key)?.count ?? 0
  return {
    coverage: {
      tasks: tasks('tasks'),
      reviewed: tasks('reviewed'),
      skipped: tasks('skipped'),
      not_comparable: tasks('not_comparable'),
    },
    total: of('total').get('') ?? NONE,
    seed: of('seed').get('') ?? NONE,
    blind: { tasks: tasks('blind'), compared: of('blind').get('') ?? NONE },
    controls,
    similarities: histograms(byDimension.get('similarity') ?? []),
    frequencies: await readFrequencies(db, project, [...controls.keys()]),
    crossings: await readCrossings(db, project, asked),
    modelVersions: of('model_version'),
    reviewedStrata: of('stratum'),
    annotators: of('annotator'),
    leadTimes: await readLeadTimes(db, project),
    strata,
    planned: strata.reduce((sum, stratum) => sum + shown(stratum), 0),
  }
}

function histograms(rows: { key: string; count: number }[]): Map<string, number[]> {
  const found = new Map<string, number[]>()
  for (const { key, count } of rows) {
    const space = key.lastIndexOf(' ')
    const control = key.slice(0, space)
    const histogram = found.get(control) ?? emptyHistogram()
    histogram[Number(key.slice(space + 1))] = count
    found.set(control, histogram)
  }
  return found
}

export function emptyHistogram(): number[] {
  return new Array(SIMILARITY_BUCKETS).fill(0)
}

async function readCrossings(
  db: Database['kysely'],
  project: number,
  asked: [dimension: Crossing, key: string][],
): Promise<Map<string, Counts>> {
  if (asked.length === 0) return new Map()
  const { rows } = await sql<Counts & { dimension: Crossing; key: string }>`
    select dimension, key, count, changed, amount from tallies
    where project_id = ${project} and (dimension, key) in
      (select asked->>0, asked->>1 from jsonb_array_elements(${toJsonb(asked)}::jsonb) as asked)`.execute(db)
  return new Map(rows.map(({ dimension, key, ...counts }) => [crossingId(dimension, key), counts]))
}

/** How many tasks of a run come without their prediction. */
export function blindTasks(strata: RunStratum[]): number {
  return strata.reduce((sum, { blind = 0 }) => sum + blind, 0)
}

function shown({ sampled, blind = 0 }: RunStratum): number {
  return sampled - blind
}

/** The sum of the similarities of the tasks counted. */
export function similaritySum({ amount, count }: Counts): number {
  return (fromBillionths(amount, count) ?? 0) * count
}

/** The strata of the run with what reviewers said of them, having seen the predictions. */
export function mixOf({ strata, reviewedStrata }: Tallies): Stratum[] {
  return strata.map((stratum) => {
    const { count, changed } = reviewedStrata.get(stratum.key) ?? NONE
    return { seen: stratum.seen, sampled: Math.max(shown(stratum), count), reviewed: count, changed }
  })
}
