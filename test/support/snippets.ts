import { readFileSync } from 'node:fs'

/** The fenced blocks of a Markdown file below a heading (given without its #), as far as the next heading. */
export function snippetsBelow(file: string, heading: string, language: string): string[] {
  const lines = readFileSync(file, 'utf8').split('\n')
  const start = lines.findIndex((line) => /^#+ /.test(line) && line.replace(/^#+ /, '') === heading)
  if (start < 0) throw new Error(`${file} has no heading ${heading}`)
  const length = lines.slice(start + 1).findIndex((line) => /^#+ /.test(line))
  const section = lines.slice(start + 1, length < 0 ? undefined : start + 1 + length).join('\n')
  const found = [...section.matchAll(/^```(\w+)\n(.*?)^```$/gms)].filter(([, name]) => name === language)
  return found.map(([, , text]) => text as string)
}
