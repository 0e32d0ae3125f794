import { closest, distance } from 'fastest-levenshtein'

/** A hint for a word that is none of those known, where one of them is near: ` Did you mean "run"?`, else nothing. */
export function meant(word: string, known: readonly string[]): string {
  const longer = known.find((each) => each.startsWith(word))
  const near = longer ?? (known.length > 0 ? closest(word, known as string[]) : '')
  const allowed = Math.min(word.length - 1, Math.max(2, Math.floor(near.length / 3)))
  return longer || distance(word, near) <= allowed ? ` Did you mean ${JSON.stringify(near)}?` : ''
}
