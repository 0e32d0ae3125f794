import type { ControlTag, Region } from '../labeling/types.ts'
import { readControl } from './compare.ts'
import { readResult } from './read.ts'

/** Words that a reviewer replaced; either side may be empty. */
export interface TextEdit {
  removed: string
  added: string
}

interface Word {
  text: string
  /** Where it stands in its text. */
  from: number
  to: number
}

const segmenter = new Intl.Segmenter('en', { granularity: 'word' })
/** Longer texts are cut for this: the table of a word difference has the product of both lengths. */
const MAX_WORDS = 1000
const MAX_LENGTH = 100_000

function wordsOf(text: string): Word[] {
  const found: Word[] = []
  for (const { segment, index } of segmenter.segment(text.slice(0, MAX_LENGTH))) {
    if (segment.trim() === '') continue
    if (found.push({ text: segment, from: index, to: index + segment.length }) === MAX_WORDS) break
  }
  return found
}

/** Lengths of the longest common subsequence of the words from each pair of positions on. */
function commonLengths(a: Word[], b: Word[]): Uint16Array[] {
  const table = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1))
  for (let i = a.length - 1; i >= 0; i--) {
    const [row, below] = [table[i] as Uint16Array, table[i + 1] as Uint16Array]
    const word = a[i]?.text
    for (let j = b.length - 1; j >= 0; j--) {
      row[j] =
        word === b[j]?.text
          ? (below[j + 1] as number) + 1
          : Math.max(below[j] as number, row[j + 1] as number)
    }
  }
  return table
}

/** The words without those that both texts begin and end with. */
function differing(before: Word[], after: Word[]): [Word[], Word[]] {
  const least = Math.min(before.length, after.length)
  let start = 0
  while (start < least && before[start]?.text === after[start]?.text) start++
  let end = 0
  while (end < least - start && before.at(-1 - end)?.text === after.at(-1 - end)?.text) end++
  return [before.slice(start, before.length - end), after.slice(start, after.length - end)]
}

function wordEdits(before: string, after: string): TextEdit[] {
  if (before === after) return []
  const [a, b] = differing(wordsOf(before), wordsOf(after))
  const common = commonLengths(a, b)
  const edits: TextEdit[] = []
  let [i, j] = [0, 0]
  for (let [fromA, fromB] = [0, 0]; i < a.length || j < b.length; ) {
    while (i < a.length || j < b.length) {
      if (i < a.length && j < b.length && a[i]?.text === b[j]?.text) break
      if (j === b.length || (i < a.length && (common[i + 1]?.[j] ?? 0) >= (common[i]?.[j + 1] ?? 0))) i++
      else j++
    }
    if (i > fromA || j > fromB) {
      edits.push({ removed: written(before, a.slice(fromA, i)), added: written(after, b.slice(fromB, j)) })
    }
    while (i < a.length && j < b.length && a[i]?.text === b[j]?.text) {
      i++
      j++
    }
    ;[fromA, fromB] = [i, j]
  }
  return edits
}

/** Words as they stand in their text, blanks between them included. */
function written(text: string, words: Word[]): string {
  return text.slice(words[0]?.from ?? 0, words.at(-1)?.to ?? 0)
}

/**
 * Which words of free texts (TextArea, Chat) were replaced by which, for counting the most frequent edits; of long
 * texts the first thousand words. Empty for tags that are no free text.
 */
export function textEdits(control: ControlTag, prediction: Region[], annotation: Region[]): TextEdit[] {
  const { before, after, family } = readControl(control, readResult(prediction), readResult(annotation))
  return family
    .texts(control, before, after)
    .flatMap(({ predicted, corrected }) =>
      Array.from({ length: Math.max(predicted.length, corrected.length) }, (_, index) =>
        wordEdits(predicted[index] ?? '', corrected[index] ?? ''),
      ).flat(),
    )
}
