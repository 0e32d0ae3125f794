import type { ControlTag, Region } from '../labeling/types.ts'

/** First version, to be replaced: equal or not by value. */
export function compareResults(
  prediction: Region[],
  annotation: Region[],
  controls: ControlTag[],
): Record<string, { changed: boolean; similarity: number; metric: string }> {
  const values = (result: Region[], name: string) =>
    JSON.stringify(
      result
        .filter((region) => region.from_name === name)
        .map((region) => JSON.stringify(region.value))
        .sort(),
    )
  return Object.fromEntries(
    controls.map(({ name }) => {
      const changed = values(prediction, name) !== values(annotation, name)
      return [name, { changed, similarity: changed ? 0 : 1, metric: 'exact' }]
    }),
  )
}
