import { Readable } from 'node:stream'
import { compileKeyPattern } from './key-pattern.ts'
import type { ModuleObject } from './module.ts'
import { runModule } from './module-run.ts'
import type { LogSource, ModuleSourceDefinition, SourceSettings, Window } from './source.ts'
import { SourceError } from './source-error.ts'

const FIELD = 'source.path'
const KEY = /^(\d{4}-\d\d-\d\d)\.\.(\d{4}-\d\d-\d\d)$/

function readObjects(text: string, path: string): ModuleObject[] {
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const object = JSON.parse(line) as Partial<ModuleObject>
      const { key, size, date } = object
      const isGood =
        typeof key === 'string' &&
        key !== '' &&
        (size === undefined || size === null || Number.isSafeInteger(size)) &&
        (date === undefined || date === null || /^\d{4}-\d\d-\d\d$/.test(date))
      if (isGood) return object as ModuleObject
      throw new SourceError(
        'refused',
        `${FIELD} ${path}: list gave an object that has no key, or a size or date that is none (YYYY-MM-DD)`,
      )
    })
}

/** Logs from a user's own module. Its records are known by their content: where they come from may have no order. */
export function openModuleSource(
  definition: ModuleSourceDefinition,
  settings: Partial<SourceSettings>,
): LogSource {
  const { path, options = {} } = definition
  const pattern = compileKeyPattern(definition.key_pattern ?? '*')
  const run = { ...settings, field: FIELD }
  let lastWindow: Window | null = null
  return {
    id: `module:${path}`,
    identity: 'content',
    async *list(signal, window) {
      if (!window) throw new SourceError('refused', 'a module needs a window')
      lastWindow = window
      const pieces: Buffer[] = []
      for await (const piece of runModule(
        { path, name: 'list', request: { window, options } },
        { ...run, signal },
      ))
        pieces.push(piece)
      for (const { key, size, date } of readObjects(Buffer.concat(pieces).toString(), path)) {
        const match = pattern.match(key)
        if (match) yield { key, size: size ?? null, date: date ?? match.date }
      }
    },
    async open({ key, date }, signal, { window: asked } = {}) {
      const [, from, to] = KEY.exec(key) ?? []
      const window = from && to ? { from, to } : (asked ?? lastWindow)
      const call = { path, name: 'open', request: { key, date, window, options } } as const
      return Readable.from(runModule(call, { ...run, signal }), { objectMode: false, highWaterMark: 1 })
    },
  }
}
