import type { Fields } from './format.ts'
import { addMalformed, type Malformed } from './malformed.ts'
import { objectsOf, type ReadOptions, readObject } from './read.ts'
import type { LogObject } from './source.ts'
import type { Where } from './where.ts'

export interface PreviewRecord {
  object: string
  line: number
  date: string | null
  fields: Fields
}

export interface Preview {
  /** By date and key; no more than 1,000 are looked for. */
  objects: LogObject[]
  records: PreviewRecord[]
  malformed: Malformed
  /** How many records were asked whether they count. */
  asked: number
}

const MAX_OBJECTS = 1_000
/** Few records may count, and whoever tries a monitor waits. */
const MAX_ASKED = 20_000

const sortKey = ({ date, key }: LogObject) => `${date ?? ''}\n${key}`

/**
 * What a scan of the window would read: the objects, and the first `count` records of the first of them, parsed; with every problem
 * that was met on the way, in framing or content.
 * @throws SourceError if the logs can't be read, or the signal's reason
 */
export async function previewLogs(options: ReadOptions & { count: number }): Promise<Preview> {
  const { format, count, where } = options
  const objects: LogObject[] = []
  for await (const object of objectsOf(options)) if (objects.push(object) === MAX_OBJECTS) break
  objects.sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1))

  const records: PreviewRecord[] = []
  const malformed: Malformed = { count: 0, first: [] }
  let asked = 0
  const countingWhere: Where = async (record) => {
    asked++
    return where?.(record) ?? true
  }
  const isEnough = () => records.length >= count || asked >= MAX_ASKED
  for (const { key: object, ...rest } of objects) {
    if (isEnough()) break
    const report = (line: number, problem: string) => {
      if (!isEnough()) addMalformed(malformed, [{ object, line, problem }])
    }
    await readObject(
      { key: object, ...rest },
      { ...options, where: where && countingWhere },
      {
        record(record) {
          if (isEnough()) return
          const { date, line } = record
          const parsed = format.parse(record.keep())
          if ('fields' in parsed) records.push({ object, line, date, fields: parsed.fields })
          else report(line, parsed.problem)
        },
        malformed: report,
        isEnough,
      },
    )
  }
  return { objects, records, malformed, asked }
}
