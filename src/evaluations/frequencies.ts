import { sql } from 'kysely'
import type { Database } from '../db/database.ts'
import type { LabelCounts } from '../metrics/confusion.ts'
import type { Replacement } from './replacement.ts'
import type { Frequency } from './tally.ts'

/** The most frequent labels, confusions and edits of one control. */
export interface Frequencies {
  labels: Map<string, LabelCounts>
  /** Null is no label on that side. */
  confusions: Replacement<string | null>[]
  edits: Replacement<string>[]
}

/** How many of each are read: 70 labels have at most 5,000 confusions. */
const MOST = { label: 1000, confusion: 5000, edit: 20 }

/** Whether more of a kind may have occurred than was read. */
export function isCut({ labels, confusions }: Frequencies): boolean {
  return labels.size === MOST.label || confusions.length === MOST.confusion
}

export const NO_FREQUENCIES: Frequencies = { labels: new Map(), confusions: [], edits: [] }

interface Row {
  dimension: Frequency
  key: string
  count: number
  changed: number
  amount: number
}

/** By control; takes time in proportion to what is read, not to what was counted. */
export async function readFrequencies(
  db: Database['kysely'],
  project: number,
  controls: string[],
): Promise<Map<string, Frequencies>> {
  if (controls.length === 0) return new Map()
  const kinds = Object.keys(MOST) as (keyof typeof MOST)[]
  const asked = kinds.flatMap((kind) => controls.map((control) => [`${kind} ${control}`, MOST[kind]]))
  const { rows } = await sql<Row>`
    select most.* from jsonb_array_elements(${JSON.stringify(asked)}::jsonb) as asked
    cross join lateral (
      select dimension, key, count, changed, amount from tallies
      where project_id = ${project} and dimension = asked->>0 and count > 0
      order by count desc, key
      limit (asked->>1)::integer
    ) as most`.execute(db)
  const byDimension = Map.groupBy(rows, ({ dimension }) => dimension)
  const of = (dimension: Frequency) => byDimension.get(dimension) ?? []
  return new Map(
    controls.map((control) => [
      control,
      {
        labels: new Map(of(`label ${control}`).map(({ key, ...counts }) => [key, asLabelCounts(counts)])),
        confusions: of(`confusion ${control}`).map(toReplacement<string | null>),
        edits: of(`edit ${control}`).map(toReplacement<string>),
      },
    ]),
  )
}

/** The counts of a label from the row of its tally, which counts it once where it is on both sides. */
export function asLabelCounts({
  count,
  changed,
  amount,
}: Pick<Row, 'count' | 'changed' | 'amount'>): LabelCounts {
  return { predicted: changed, corrected: amount, both: changed + amount - count }
}

function toReplacement<T extends string | null>({ key, count }: Row): Replacement<T> {
  return [...(JSON.parse(key) as [T, T]), count]
}
