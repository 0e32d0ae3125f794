import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { describe, expect, test } from 'vitest'

const files = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((path) => /\.[jt]s$/.test(path))
  .sort()
const sources = new Map(files.map((path) => [path, readFileSync(join('src', path), 'utf8')]))

/** What a file imports: files of `src` as their path, packages by name. Types count too: they couple as well. */
function importsOf(path: string): string[] {
  const found = (sources.get(path) ?? '').matchAll(
    /^(?:import|export)\s[^'"]*?from\s+['"]([^'"]+)['"]|^import\s+['"]([^'"]+)['"]/gms,
  )
  return [...found].map(([, from, bare]) => {
    const name = (from ?? bare) as string
    return name.startsWith('.') ? normalize(join(dirname(path), name)) : name
  })
}

/** Calls that read the outside world, which pure code leaves to its callers. */
const IMPURE =
  /\b(?:Date\.now|new Date\(\)|Math\.random|randomUUID|randomBytes|performance\.now|process\.|setTimeout|readFile|fetch\()/

describe('ARCHITECTURE.md', () => {
  const tree = readFileSync('ARCHITECTURE.md', 'utf8').split('## The tree')[1] ?? ''
  test('names every source file, and none that is not there', () => {
    const named = [...tree.matchAll(/^\| `([^`]+\.[jt]s)` \|/gm)].map(([, path]) => path)
    expect(named.sort()).toEqual(files)
  })
})

describe('each outside thing has one importer', () => {
  test.each([
    ['express-openapi-validator', /^contract\/validator\.ts$/],
    ['pg', /^((db|jobs)\/|logs\/sql-postgres\.ts$)/],
    ['pg-boss', /^jobs\//],
    ['@aws-sdk/client-s3', /^logs\/source-s3\.ts$/],
    ['nodemailer', /^alerts\/mail\.ts$/],
    ['axios', /^labeling\/client(-error)?\.ts$/],
    ['mysql2', /^logs\/sql-mysql\.ts$/],
    ['re2js', /^logs\/format-regex\.ts$/],
    ['hyparquet', /^logs\/(format-parquet|parquet-values)\.ts$/],
    ['jsonata', /^logs\/where\.ts$/],
    ['saxes', /^labeling\/xml\.ts$/],
    ['cli-progress', /^commands\//],
    ['helmet', /^app\.ts$/],
    ['compression', /^http\/compress\.ts$/],
    ['prom-client', /^telemetry\//],
    ['@opentelemetry/api', /^telemetry\//],
    ['fastest-levenshtein', /^(metrics|commands)\//],
  ])('%s', (name, allowed) => {
    const importers = files.filter((path) => importsOf(path).includes(name))
    expect(importers).not.toEqual([])
    expect(importers.filter((path) => !allowed.test(path))).toEqual([])
  })

  test('the environment', () => {
    const readers = files.filter((path) => /process\.env(?!\.PATH)/.test(sources.get(path) as string))
    expect(readers).toEqual(['cli.ts', 'config.ts'])
  })
})

describe('pure code', () => {
  const pure = files.filter(
    (path) =>
      /^metrics\//.test(path) ||
      [
        'logs/sample.ts',
        'logs/draw.ts',
        'logs/allocation.ts',
        'logs/blind.ts',
        'labeling/config.ts',
        'labeling/mapping.ts',
        'labeling/prediction.ts',
        'annotations/event.ts',
        'annotations/merge.ts',
        'evaluations/outcome.ts',
        'alerts/threshold.ts',
      ].includes(path),
  )
  test.each(pure)('%s reads no clock, draws no lots, does no I/O', (path) => {
    expect(sources.get(path)).not.toMatch(IMPURE)
    expect(
      importsOf(path).filter((name) =>
        /^(node:(fs|net|http|child_process|timers)|pg|axios|kysely)/.test(name),
      ),
    ).toEqual([])
  })
})

describe('imports go one way', () => {
  /** A folder may import its own layer and those below it. */
  const LAYERS = [
    ['db', 'telemetry'],
    ['labeling', 'logs', 'metrics', 'jobs', 'contract'],
    ['monitors', 'runs', 'annotations', 'evaluations', 'alerts'],
    ['http', 'dashboard'],
    ['commands'],
  ]
  const layerOf = (path: string) =>
    LAYERS.findIndex((folders) => folders.includes(path.split('/')[0] as string))

  test.each(files.filter((path) => path.includes('/')))('%s', (path) => {
    const above = importsOf(path).filter(
      (imported) => sources.has(imported) && imported.includes('/') && layerOf(imported) > layerOf(path),
    )
    expect(layerOf(path), 'a folder that no layer knows').toBeGreaterThanOrEqual(0)
    expect(above).toEqual([])
  })

  test('never in a circle of folders below the middle layer', () => {
    for (const path of files.filter((each) => layerOf(each) === 1)) {
      const own = path.split('/')[0]
      const others = importsOf(path).filter(
        (imported) => layerOf(imported) === 1 && imported.split('/')[0] !== own,
      )
      const back = others.filter((other) =>
        importsOf(other).some((imported) => imported.split('/')[0] === own),
      )
      expect(back, path).toEqual([])
    }
  })
})

test('no file is longer than a reader has patience for', () => {
  const long = files.filter(
    (path) => path !== 'contract/schema.ts' && (sources.get(path) as string).split('\n').length > 300,
  )
  expect(long).toEqual([])
})
