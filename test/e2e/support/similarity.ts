/** How alike two values of one control tag are, by the published definitions, in their plainest form. */
export function similarity(type: string, predicted: unknown, annotated: unknown): number {
  if (isSame(predicted, annotated)) return 1
  if (predicted === null || annotated === null) return 0
  const atMost = 1 - 1e-6
  const measure = MEASURES[type]
  return measure ? Math.min(atMost, measure(predicted, annotated)) : 0
}

/** Equal after Unicode normalisation. */
export function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a)?.normalize('NFC') === JSON.stringify(b)?.normalize('NFC')
}

// biome-ignore lint/suspicious/noExplicitAny: each control tag has values of its own kind
const MEASURES: Record<string, (a: any, b: any) => number> = {
  textarea: (a: string[], b: string[]) => {
    const longer = Math.max(a.length, b.length)
    const entries = Array.from({ length: longer }, (_, index) =>
      a[index] === undefined || b[index] === undefined ? 0 : levenshteinSimilarity(a[index], b[index]),
    )
    return entries.reduce((sum, value) => sum + value, 0) / longer
  },
  choices: (a: string[], b: string[]) => {
    const shared = a.filter((choice) => b.includes(choice)).length
    return shared / new Set([...a, ...b]).size
  },
  rating: (a: number, b: number) => 1 / (1 + Math.abs(a - b)),
}

/** 1 − edits / length of the longer text, both counted in what a reader calls characters. */
function levenshteinSimilarity(a: string, b: string): number {
  const [left, right] = [a, b].map((text) =>
    [...new Intl.Segmenter('en').segment(text.normalize('NFC'))].map(({ segment }) => segment),
  ) as [string[], string[]]
  let row = right.map((_, index) => index + 1)
  for (const [i, character] of left.entries()) {
    const next: number[] = []
    for (const [j, other] of right.entries()) {
      const replaced = (j === 0 ? i : (row[j - 1] as number)) + (character === other ? 0 : 1)
      const removed = (row[j] as number) + 1
      const added = (j === 0 ? i + 1 : (next[j - 1] as number)) + 1
      next.push(Math.min(replaced, removed, added))
    }
    row = next
  }
  const edits = right.length === 0 ? left.length : (row.at(-1) as number)
  return 1 - edits / Math.max(left.length, right.length, 1)
}
