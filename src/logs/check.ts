import { validateHeaderName, validateHeaderValue } from 'node:http'
import { createFormat, type FormatDefinition, FormatError } from './format.ts'
import { webUrl } from './http-get.ts'
import { compileKeyPattern, KeyPatternError } from './key-pattern.ts'
import { type SourceDefinition, SourceError } from './source.ts'
import { sqlServer } from './source-sql.ts'
import { queryProblem } from './sql-query.ts'
import { checkUrlPattern } from './url-list.ts'

/** What is wrong with a field; `path` is a JSON pointer into the monitor. */
export interface DefinitionProblem {
  path: string
  message: string
}

/** What a secret that is kept looks like. */
const MASK = '***'
/** Those that the reading itself sets. */
const OWN_HEADERS = [
  'host',
  'range',
  'if-range',
  'accept-encoding',
  'connection',
  'content-length',
  'transfer-encoding',
]

/** Holds a source and a format that fit the contract to what the contract can't say, without asking anybody. */
export function checkDefinition(source: SourceDefinition, format: FormatDefinition): DefinitionProblem[] {
  return [...checkSource(source), ...checkFormat(format), ...checkPair(source, format)]
}

function checkSource(source: SourceDefinition): DefinitionProblem[] {
  const problems: DefinitionProblem[] = []
  const hold = (path: string, look: () => unknown) => {
    const message = problemOf(look)
    if (message !== null) problems.push({ path, message })
  }
  if ('key_pattern' in source && source.key_pattern != null) {
    const pattern = source.key_pattern
    hold('/source/key_pattern', () => compileKeyPattern(pattern))
  }
  if (source.type === 'http') {
    const { urls, url_pattern, manifest, headers } = source
    if ([urls, url_pattern, manifest].filter((way) => way != null).length !== 1)
      problems.push({ path: '/source', message: 'Give one of urls, url_pattern and manifest.' })
    for (const [i, url] of (urls ?? []).entries()) hold(`/source/urls/${i}`, () => webUrl(url, 'urls'))
    if (url_pattern != null) hold('/source/url_pattern', () => checkUrlPattern(url_pattern))
    if (manifest != null) hold('/source/manifest', () => webUrl(manifest, 'manifest'))
    for (const [name, value] of Object.entries(headers ?? {})) problems.push(...checkHeader(name, value))
  }
  if (source.type === 'sql') {
    if (source.url !== MASK) hold('/source/url', () => sqlServer(source.url))
    const message = queryProblem(source.query)
    if (message) problems.push({ path: '/source/query', message })
  }
  return problems
}

function checkHeader(name: string, value: string): DefinitionProblem[] {
  const path = `/source/headers/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`
  try {
    validateHeaderName(name)
    validateHeaderValue(name, value)
  } catch {
    return [{ path, message: 'can not be sent as a header: a name has no blanks, a value no line ends' }]
  }
  const isOwn = OWN_HEADERS.includes(name.toLowerCase())
  return isOwn ? [{ path, message: 'is set by the service itself; leave it out' }] : []
}

function checkFormat(format: FormatDefinition): DefinitionProblem[] {
  const message = problemOf(() => createFormat(format))
  if (message === null) return []
  // messages begin with the field
  const [, field] = /^format\.(\w+): /.exec(message) ?? []
  return [{ path: field ? `/format/${field}` : '/format', message }]
}

/** Sources that can't give what a format needs. */
function checkPair(source: SourceDefinition, format: FormatDefinition): DefinitionProblem[] {
  if (source.type === 'sql' && format.type !== 'jsonl')
    return [
      {
        path: '/format/type',
        message: 'The rows of a query are records already: leave format.type out, or jsonl.',
      },
    ]
  if (source.type === 'module' && format.type === 'parquet')
    return [{ path: '/format/type', message: 'Parquet is read by ranges, which a module does not have.' }]
  return []
}

function problemOf(look: () => unknown): string | null {
  try {
    look()
    return null
  } catch (error) {
    const isKnown =
      error instanceof KeyPatternError || error instanceof SourceError || error instanceof FormatError
    if (!isKnown) throw error
    return error.message
  }
}
