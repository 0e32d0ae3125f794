import type { Format } from './format.ts'
import type { FramedRecord, Visitor } from './read.ts'
import type { Where } from './where.ts'

/** A visitor that hands on to another only the records that count, in their order. */
export interface AskingVisitor extends Visitor {
  /** To be awaited after each piece of the object: the framer itself can't wait for answers. */
  settle(): Promise<void>
}

/** @param visitor gets those that can't be read, or asked, as malformed */
export function asking(where: Where, format: Format, visitor: Visitor): AskingVisitor {
  const waiting: (FramedRecord | { line: number; problem: string })[] = []
  return {
    record(record) {
      const { offset, date, line, value } = record
      const own = record.keep()
      waiting.push({ bytes: own, start: 0, end: own.length, offset, date, line, value, keep: () => own })
    },
    malformed(line, problem) {
      waiting.push({ line, problem })
    },
    async settle() {
      for (const piece of waiting.splice(0)) {
        const answer = 'problem' in piece ? piece : await where(format.parse(piece.bytes))
        if (typeof answer !== 'boolean') visitor.malformed(piece.line, answer.problem)
        else if (answer) visitor.record(piece as FramedRecord)
      }
    },
  }
}
