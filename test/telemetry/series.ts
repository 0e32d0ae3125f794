/** One series of Prometheus text. */
export interface Series {
  name: string
  labels: Record<string, string>
  value: number
}

/** Reads Prometheus text; throws for a line that is none, and for a series without HELP and TYPE or told twice. */
export function parseSeries(text: string): Series[] {
  const declared = new Set<string>()
  const seen = new Set<string>()
  return text.split('\n').flatMap((line) => {
    const [, kind, of] = /^# (HELP|TYPE) (\S+) ./.exec(line) ?? []
    if (kind === 'TYPE' && of) declared.add(of)
    if (line === '' || kind) return []
    const [, name = '', labels = '', value = ''] =
      /^([a-z_:][a-z0-9_:]*)(?:\{(.*)\})? (\S+)$/i.exec(line) ?? []
    if (!name || Number.isNaN(Number(value))) throw new Error(`no Prometheus text: ${line}`)
    if (!declared.has(name) && !declared.has(name.replace(/_(bucket|sum|count)$/, '')))
      throw new Error(`no TYPE: ${line}`)
    if (seen.has(name + labels)) throw new Error(`told twice: ${line}`)
    seen.add(name + labels)
    const pairs = [...labels.matchAll(/([a-z_]+)="((?:[^"\\]|\\.)*)"/gi)].map(([, key, each]) => [key, each])
    return [{ name, labels: Object.fromEntries(pairs), value: Number(value) }]
  })
}
