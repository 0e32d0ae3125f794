import type { ControlTag, Region } from '../labeling/types.ts'
import { match } from './answers.ts'
import { readControl } from './compare.ts'
import { readResult } from './read.ts'
import { textArea } from './text.ts'

/** Words that a reviewer replaced; either side may be empty. */
export interface TextEdit {
  removed: string
  added: string
}

const words = new Intl.Segmenter('en', { granularity: 'word' })
/** Longer texts are cut for this: the table of a word difference has the product of both lengths. */
const MAX_WORDS = 1000
const MAX_EDIT = 100

function split(text: string): string[] {
  const found: string[] = []
  for (const { segment } of words.segment(text.slice(0, MAX_WORDS * MAX_EDIT))) {
    if (segment.trim() !== '' && found.push(segment) === MAX_WORDS) break
  }
  return found
}

/** Lengths of the longest common subsequence of the words from each pair of positions on. */
function commonLengths(a: string[], b: string[]): Uint16Array[] {
  const table = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1))
  for (let i = a.length - 1; i >= 0; i--) {
    const [row, below] = [table[i] as Uint16Array, table[i + 1] as Uint16Array]
    for (let j = b.length - 1; j >= 0; j--) {
      row[j] =
        a[i] === b[j] ? (below[j + 1] as number) + 1 : Math.max(below[j] as number, row[j + 1] as number)
    }
  }
  return table
}

function wordEdits(before: string, after: string): TextEdit[] {
  const [a, b] = [split(before), split(after)]
  const common = commonLengths(a, b)
  const edits: TextEdit[] = []
  let [removed, added]: [string[], string[]] = [[], []]
  const close = () => {
    if (removed.length + added.length > 0) {
      edits.push({ removed: removed.join(' ').slice(0, MAX_EDIT), added: added.join(' ').slice(0, MAX_EDIT) })
    }
    ;[removed, added] = [[], []]
  }
  for (let i = 0, j = 0; i < a.length || j < b.length; ) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      close()
      i++
      j++
    } else if (j === b.length || (i < a.length && (common[i + 1]?.[j] ?? 0) >= (common[i]?.[j + 1] ?? 0))) {
      removed.push(a[i++] as string)
    } else {
      added.push(b[j++] as string)
    }
  }
  close()
  return edits
}

/**
 * Which words of a TextArea's texts were replaced by which, for counting the most frequent edits; of long texts the
 * first thousand words.
 */
export function textEdits(control: ControlTag, prediction: Region[], annotation: Region[]): TextEdit[] {
  const { before, after } = readControl(control, readResult(prediction), readResult(annotation))
  return match(textArea, control, before, after).pairs.flatMap(([old, fresh]) =>
    old.key === fresh.key
      ? []
      : old.answer.flatMap((text, index) => wordEdits(text, fresh.answer[index] ?? '')),
  )
}
