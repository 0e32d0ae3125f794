import { describe, expect, test } from 'vitest'
import { compareResults } from '../../src/metrics/compare.ts'
import reference from './fixtures/reference.json' with { type: 'json' }
import { control } from './fixtures/regions.ts'

interface Case {
  type: string
  prediction: object[]
  annotation: object[]
  similarity: number
}

/** How far each may be from its reference; ellipses are polygons of 360 corners here, of 8,000 there. */
const TOLERANCES: Record<string, number> = { polygons: 1e-6, ellipses: 1e-6 }

describe.each(Object.entries(reference as Record<string, Case[]>))('%s', (name, cases) => {
  test.each(cases.map((each, index): [number, Case] => [index, each]))('case %d', (_, each) => {
    const named = (regions: object[]) => regions.map((region) => ({ ...region, from_name: 'tag' }))
    const { tag } = compareResults(named(each.prediction), named(each.annotation), [
      control('tag', each.type),
    ])
    const expected = Math.min(each.similarity, 1 - 1e-6)
    expect(tag?.changed).toBe(true)
    expect(Math.abs((tag?.similarity ?? Number.NaN) - expected)).toBeLessThanOrEqual(TOLERANCES[name] ?? 1e-9)
  })
})
