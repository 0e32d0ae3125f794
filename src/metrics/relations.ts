import type { ControlTag, Region } from '../labeling/types.ts'
import type { Outcome } from './family.ts'
import { jaccard, pairBy } from './match.ts'
import { asId, asList, asText, canonical, order, type ReadResult } from './read.ts'
import { regionKey } from './regions.ts'

/** What stands under one id: the regions of several controls may share it. */
interface Group {
  id: string
  /** Equal for groups written alike, whatever their ids. */
  key: string
}

function groups(result: ReadResult): Group[] {
  const named = [...result.regions].flatMap(([name, regions]) =>
    regions.map((region) => ({ id: asId(region.id), key: canonical([name, regionKey(region)]) })),
  )
  const byId = Map.groupBy(named, ({ id }) => id)
  byId.delete(null)
  const found = [...byId].map(([id, own]) => ({
    id: id ?? '',
    key: canonical(own.map(({ key }) => key).sort()),
  }))
  return found.sort((a, b) => order(a.key, b.key))
}

/** The prediction's id of each region of the annotation that belongs to one of the prediction's. */
function predictedIds(prediction: ReadResult, annotation: ReadResult): Map<string, string> {
  const start = { pairs: [], left: groups(prediction), right: groups(annotation) }
  const same = pairBy(start, ({ id, key }) => canonical([id, key]))
  const matching = pairBy(
    pairBy(same, ({ key }) => key),
    ({ id }) => id,
  )
  return new Map([
    ...matching.pairs.map(([own, other]): [string, string] => [other.id, own.id]),
    ...matching.right.map(({ id }): [string, string] => [id, canonical(['added', id])]),
  ])
}

/** From, to, direction and labels of a relation as one text; one to the left is one to the right the other way. */
function relationKey(relation: Region, control: ControlTag, ids: Map<string, string>): string {
  const ends = [relation.from_id, relation.to_id].map((id) => {
    const own = asId(id) ?? ''
    return ids.get(own) ?? own
  })
  const direction = asText(relation.direction ?? 'right')
  if (direction === 'left') ends.reverse()
  if (direction === 'bi') ends.sort()
  // The editor drops labels of relations that the config does not have.
  const known = control.labels?.length ? new Set(control.labels.map(asText)) : null
  const labels = new Set(
    asList(relation.labels)
      .map(asText)
      .filter((label) => known?.has(label) ?? true),
  )
  return canonical([ends, direction === 'left' ? 'right' : direction, [...labels].sort()])
}

/** Relations: shared ones over all, where regions that belong together count as one. */
export function compareRelations(
  control: ControlTag,
  prediction: ReadResult,
  annotation: ReadResult,
): Outcome {
  const ids = predictedIds(prediction, annotation)
  const before = new Set(prediction.relations.map((relation) => relationKey(relation, control, new Map())))
  const after = new Set(annotation.relations.map((relation) => relationKey(relation, control, ids)))
  const similarity = jaccard(before, after)
  return { changed: similarity < 1, similarity, metric: 'jaccard' }
}
