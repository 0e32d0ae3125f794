/** A configuration file as Python's `configparser.ConfigParser()` reads it. */
export interface Ini {
  /** By section name (case matters), then by key in lower case; the keys of `[DEFAULT]` are in every section. */
  sections: Map<string, Map<string, string>>
  /** The keys of `[DEFAULT]` itself. */
  defaults: Map<string, string>
}

/** The file can't be read; one problem per line that is wrong. No line is quoted: it may hold a password. */
export class IniError extends Error {
  override name = 'IniError'
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(problems.join('\n'))
    this.problems = problems
  }
}

const DEFAULT_SECTION = 'DEFAULT'
/** As in Python. */
const MAX_DEPTH = 10
/** More than any real file needs; without a limit, references to references grow exponentially. */
const MAX_REFERRED_CHARACTERS = 1_000_000

/**
 * Reads the dialect of Python's ConfigParser: `key = value` or `key: value`, keys in any case, lines that begin with
 * `#` or `;` are comments (also inside a value), nothing after a value is one; a line indented deeper than its key
 * goes on with the value, and so does a blank line. A section or key that comes twice is an error.
 *
 * `%%` stands for `%` and `%(key)s` for the value of another key. Where Python would refuse a value for any other
 * `%` (`width="50%"`) or an unknown key, the text stays as written: labeling configs and passwords are full of them.
 */
export function parseIni(text: string): Ini {
  const { sections, defaults } = readLines(text)
  const budget = { characters: MAX_REFERRED_CHARACTERS }
  const complete = (own: RawSection) => {
    const raw = new Map([...defaults, ...own].map(([key, lines]) => [key, lines.join('\n').trimEnd()]))
    return new Map([...raw].map(([key, value]) => [key, interpolate(value, raw, budget)]))
  }
  return {
    sections: new Map([...sections].map(([name, own]) => [name, complete(own)])),
    defaults: complete(defaults),
  }
}

/** The lines of each key's value. */
type RawSection = Map<string, string[]>

function readLines(text: string): { sections: Map<string, RawSection>; defaults: RawSection } {
  const sections = new Map<string, RawSection>()
  const defaults: RawSection = new Map()
  const problems: string[] = []
  let section: RawSection | null = null
  let value: string[] | null = null
  let keyIndent = 0

  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\r|\n/)
  for (const [index, line] of lines.entries()) {
    const content = line.trim()
    const problem = (message: string) => {
      const hint = content.startsWith('<') ? ` ${INDENT_THE_CONFIG}` : ''
      problems.push(`Line ${index + 1}: ${message}${hint}`)
    }
    if (content === '') value?.push('')
    if (content === '' || content.startsWith('#') || content.startsWith(';')) continue

    const indent = line.search(/\S/)
    if (value && indent > keyIndent) {
      value.push(content)
      continue
    }
    keyIndent = indent
    const header = /^\[(.+)\]/.exec(content)?.[1]
    if (header !== undefined) {
      if (sections.has(header)) problem(`the section [${header}] comes a second time; join the two.`)
      section = header === DEFAULT_SECTION ? defaults : (sections.get(header) ?? new Map())
      if (section !== defaults) sections.set(header, section)
      value = null
      continue
    }
    const delimiter = content.search(/[=:]/)
    const key = content.slice(0, Math.max(delimiter, 0)).trim().toLowerCase()
    value = [content.slice(delimiter + 1).trim()]
    if (!section) problem('expected a section such as [labelstudio] before the first key.')
    else if (key === '') problem('expected "key = value".')
    else if (section.has(key)) problem('its key comes a second time in this section; keep one of the two.')
    else section.set(key, value)
  }
  if (problems.length > 0) throw new IniError(problems)
  return { sections, defaults }
}

/** The mistake that the original's own comment warns of. */
export const INDENT_THE_CONFIG = 'Every line of LabelingConfig after the first must begin with a space.'

function interpolate(
  value: string,
  values: Map<string, string>,
  budget: { characters: number },
  depth = 1,
): string {
  return value.replace(/%%|%\(([^)]+)\)s/g, (written: string, key: string | undefined) => {
    if (key === undefined) return '%'
    const referred = values.get(key.toLowerCase())
    if (referred === undefined || depth > MAX_DEPTH) return written
    budget.characters -= referred.length + 1
    if (budget.characters < 0) {
      throw new IniError(['The references of the form %(key)s grow beyond all bounds; write the values out.'])
    }
    return interpolate(referred, values, budget, depth + 1)
  })
}
