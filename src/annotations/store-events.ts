import type { Database } from '../db/database.ts'

/** What came by a webhook. */
export interface ReceivedEvent {
  action: string
  project_id: number | null
  /** As it came. */
  body: Buffer
}

/**
 * Stores events in the order given; they are durable when it resolves. One statement whatever their number, so that the
 * database knows it already; the bodies are one value, because a list of binary values travels as text.
 *
 * @returns their ids, in the same order
 */
export async function storeEvents({ pool }: Database, events: readonly ReceivedEvent[]): Promise<number[]> {
  let end = 0
  const starts = events.map(({ body }) => {
    const start = end + 1
    end += body.length
    return start
  })
  const { rows } = await pool.query<{ id: number }>({
    name: 'store-events',
    text: `insert into events (action, project_id, body)
      select action, project_id, substring($3::bytea from start for length)
      from unnest($1::text[], $2::bigint[], $4::integer[], $5::integer[]) with ordinality
        as event (action, project_id, start, length, place)
      order by place returning id`,
    values: [
      events.map(({ action }) => action),
      events.map(({ project_id }) => project_id),
      Buffer.concat(
        events.map(({ body }) => body),
        end,
      ),
      starts,
      events.map(({ body }) => body.length),
    ],
  })
  // Given in the order of the places; nothing is said of the order in which they are answered.
  return rows.map(({ id }) => id).sort((a, b) => a - b)
}
