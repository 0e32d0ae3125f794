import { type LogObject, openSource, type SourceSettings } from '../logs/source.ts'
import type { Definition } from './monitor.ts'

/** Listing a bucket of years takes minutes; its first thousand keys tell what they look like. */
const MOST_LOOKED_AT = 1_000
const EXAMPLES = 3

/**
 * Why no object of the source is in the window, and what to do: the objects have other dates, other names than the pattern,
 * or there are none.
 */
export async function whyNoObject(
  sources: SourceSettings,
  { source }: Definition,
  { from, to }: { from: string; to: string },
  signal: AbortSignal,
): Promise<string> {
  const days = `from ${from} to ${to}`
  if (source.type === 'http' && source.url_pattern)
    return `There is nothing at the URLs of source.url_pattern ${source.url_pattern} ${days}.`
  const pattern = 'key_pattern' in source ? source.key_pattern : null
  const what = `No object of the source matches source.key_pattern ${pattern ?? '*'} with a date ${days}.`
  if (source.type !== 's3' && source.type !== 'file') return what
  const matching = await list(sources, source, signal)
  const dates = matching.flatMap(({ date }) => date ?? []).sort()
  if (dates.length > 0) {
    return `${what} Those that match it have dates from ${dates[0]} to ${dates.at(-1)}: choose these days by from and to, or correct the placeholders of the pattern.`
  }
  const others = (await list(sources, { ...source, key_pattern: '*' }, signal)).map(({ key }) => key)
  if (others.length === 0) return `${what} The source holds no object at all: correct where it is.`
  const examples = others.slice(0, EXAMPLES).join(', ')
  return `${what} It holds objects such as ${examples}: correct source.key_pattern so that it fits these names.`
}

async function list(
  sources: SourceSettings,
  definition: Definition['source'],
  signal: AbortSignal,
): Promise<LogObject[]> {
  const source = openSource(definition, sources)
  const objects: LogObject[] = []
  try {
    for await (const object of source.list(signal)) if (objects.push(object) === MOST_LOOKED_AT) break
    return objects
  } finally {
    await source.close?.()
  }
}
