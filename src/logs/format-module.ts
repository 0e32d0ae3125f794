import type { Format, FormatOptions } from './format.ts'
import { FormatError } from './format-error.ts'
import { jsonlFormat } from './format-jsonl.ts'
import { decodeLines } from './json-lines.ts'
import { runModule } from './module-run.ts'

/** Records as a user's own module reads them. A record is known by its place in what the module gives. */
export function moduleFormat(options: FormatOptions): Format {
  const { definition, timestampField, readDate, maxRecordBytes, moduleRoot, moduleTimeoutMs } = options
  const { path, options: given = {} } = definition
  if (!path) throw new FormatError('format.path: expected the path of a module below MODULE_ROOT')
  return {
    ...jsonlFormat({ timestampField, readDate }),
    canCut: false,
    decoder: {
      async *decode(object) {
        const call = { path, name: 'parse', request: { key: object.key, options: given } } as const
        const settings = { moduleRoot, moduleTimeoutMs, field: 'format.path', signal: object.signal }
        yield* decodeLines(
          runModule(call, settings, object.bytes()),
          maxRecordBytes,
          (json, offset, line) => [{ json: Buffer.from(json), offset, line }],
        )
      },
    },
  }
}
