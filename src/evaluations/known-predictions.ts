import { sql } from 'kysely'
import type { Database } from '../db/database.ts'
import { parseLabelingConfig } from '../labeling/config.ts'
import { dataHash } from '../labeling/data-hash.ts'
import type { Region } from '../labeling/types.ts'

/** A prediction as the ML-backend protocol has it; without regions where nothing is known. */
interface KnownPrediction {
  result: Region[]
  model_version?: string
  score?: number
}

/**
 * For each task the answer that the production model gave to the same data, as the newest run has it; an empty result
 * for any other task. What a blind task of any project holds is not answered for either: the answer to another task
 * with the same data would show what its reviewer is not to see.
 *
 * @param labelConfig regions of controls that this config lacks are left out; null takes all
 */
export async function knownPredictions(
  db: Database['kysely'],
  tasks: unknown[],
  labelConfig: string | null,
): Promise<KnownPrediction[]> {
  const hashes = tasks.map((task) => dataHash((task as { data?: unknown } | null)?.data ?? null))
  const { rows } = await sql<{
    data_hash: string
    result: Region[]
    model_version: string | null
    score: number | null
  }>`
    select distinct on (data_hash) data_hash, result, model_version, score
    from tasks
    where result is not null and data_hash = any(${[...new Set(hashes)]}::text[])
      and not exists (select from tasks as hidden where hidden.data_hash = tasks.data_hash and hidden.blind and hidden.present)
    order by data_hash, project_id desc, task_id desc`.execute(db)
  const known = new Map(rows.map((row) => [row.data_hash, row]))
  const controls = controlNames(labelConfig)
  return hashes.map((hash) => {
    const row = known.get(hash)
    const result = row?.result.filter((region) => !controls || controls.has(region.from_name ?? '')) ?? []
    if (!row || result.length === 0) return { result: [] }
    return {
      result,
      ...(row.model_version === null ? {} : { model_version: row.model_version }),
      ...(row.score === null ? {} : { score: row.score }),
    }
  })
}

/** The model versions that the service has answers of. */
export async function knownVersions(db: Database['kysely']): Promise<string[]> {
  const rows = await db
    .selectFrom('run_tasks')
    .select('model_version')
    .distinct()
    .where('model_version', 'is not', null)
    .orderBy('model_version')
    .execute()
  return rows.map((row) => row.model_version as string)
}

function controlNames(labelConfig: string | null): Set<string> | null {
  if (labelConfig === null) return null
  try {
    return new Set(parseLabelingConfig(labelConfig).controls.map((control) => control.name))
  } catch {
    return null // Label Studio took it; what it does not show does no harm.
  }
}
