import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { allocate, type Spread, weightsOf } from '../../src/logs/allocation.ts'
import { draw } from '../../src/logs/draw.ts'
import { offsetHash, textHash } from '../../src/logs/hash.ts'
import { byHash, type Candidate, OTHER, Sketch, type SketchOptions } from '../../src/logs/sample.ts'

interface Item {
  stratum: string
  candidate: Candidate
}

const parse = (bytes: Buffer) => {
  const text = bytes.toString()
  return text.startsWith('bad') ? { problem: 'is bad' } : { fields: { text } }
}

function items(strata: readonly string[], isBad: (i: number) => boolean = () => false): Item[] {
  const [hash, order] = [offsetHash('1', 'sample', 's', 'o'), offsetHash('1', 'order', 's', 'o')]
  return strata.map((stratum, i) => ({
    stratum,
    candidate: {
      hash: hash(i),
      order: order(i),
      blind: 0,
      object: 'o',
      offset: i,
      line: i + 1,
      date: null,
      bytes: Buffer.from(`${isBad(i) ? 'bad' : 'good'} ${i}`),
    },
  }))
}

function offer(sketch: Sketch, offered: readonly Item[]): Sketch {
  for (const { stratum, candidate } of offered) sketch.offer(stratum, candidate.hash, () => candidate)
  return sketch
}

const options = (total: number, more: Partial<SketchOptions> = {}): SketchOptions => ({
  total,
  seed: '1',
  ...more,
})
const sketchOf = (offered: readonly Item[], total: number, more?: Partial<SketchOptions>) =>
  offer(new Sketch(options(total, more)), offered)

/** Some spread for the allocation that asks for one. */
const spread: Spread = (key) => 0.1 + (key.charCodeAt(key.length - 1) % 5) / 10

/** The sample by sorting everything: the definition, with no regard to memory. */
function reference(
  offered: readonly Item[],
  total: number,
  allocation: SketchOptions['allocation'] = 'even',
) {
  const keys = [...new Set(offered.map(({ stratum }) => stratum))].sort()
  const strata = keys.map((key) => offered.filter((i) => i.stratum === key).map((i) => i.candidate))
  const good = strata.map((all) => all.sort(byHash).filter(({ bytes }) => 'fields' in parse(bytes)))
  const seen = keys.map((key, i) => ({ key, seen: (strata[i] as Candidate[]).length }))
  const weights = weightsOf(allocation, seen, spread)
  const shares = allocate(
    keys.map((key, i) => ({
      weight: weights[i] as number,
      limit: (good[i] as Candidate[]).length,
      tie: textHash('1', 'stratum', key),
    })),
    total,
  )
  const chosen = good
    .flatMap((candidates, i) => candidates.slice(0, shares[i]))
    .sort((a, b) => a.order - b.order)
  return {
    offsets: chosen.map(({ offset }) => offset),
    strata: keys.map((key, i) => ({ key, seen: strata[i]?.length, sampled: shares[i] })),
  }
}

const drawn = (sketch: Sketch) => {
  const { records, strata } = draw(sketch, parse, spread)
  return { offsets: records.map(({ offset }) => offset), strata }
}

const days = fc.array(
  fc.nat({ max: 6 }).map((day) => `2024-11-1${day}`),
  { maxLength: 400 },
)
const total = fc.integer({ min: 1, max: 60 })
const allocation = fc.constantFrom('even' as const, 'proportional' as const, 'neyman' as const)

describe('the sample', () => {
  test('is the one by sorting everything', () => {
    fc.assert(
      fc.property(days, total, allocation, (strata, n, how) => {
        const all = items(strata)
        expect(drawn(sketchOf(all, n, { allocation: how }))).toEqual(reference(all, n, how))
      }),
      { numRuns: 300 },
    )
  })

  test('does not depend on the order of records, on how sketches were merged or stored', () => {
    const cut = fc.array(fc.nat({ max: 3 }), { minLength: 1, maxLength: 20 })
    fc.assert(
      fc.property(
        days,
        total,
        allocation,
        cut,
        fc.infiniteStream(fc.nat()),
        (strata, n, how, cuts, random) => {
          const all = items(strata)
          const shuffled = all
            .map((item) => ({ item, at: random.next().value as number }))
            .sort((a, b) => a.at - b.at)
            .map(({ item }) => item)
          const parts = [0, 1, 2, 3].map((part) => shuffled.filter((_, i) => cuts[i % cuts.length] === part))
          const sketches = parts.map((part) => sketchOf(part, n, { allocation: how }))
          const [a, b, c, d] = sketches.map((s) => Sketch.fromJSON(JSON.parse(JSON.stringify(s)))) as [
            Sketch,
            Sketch,
            Sketch,
            Sketch,
          ]
          b.merge(d)
          a.merge(c)
          a.merge(b)
          const whole = sketchOf(all, n, { allocation: how })
          expect(drawn(a)).toEqual(drawn(whole))
          expect(a.toJSON()).toEqual(whole.toJSON())
          expect(a.seen).toBe(all.length)
        },
      ),
      { numRuns: 200 },
    )
  })

  test('goes on in a sketch that was stored', () => {
    const all = items(Array.from({ length: 500 }, (_, i) => `d${i % 3}`))
    const half = Sketch.fromJSON(JSON.parse(JSON.stringify(sketchOf(all.slice(0, 250), 30))))
    expect(drawn(offer(half, all.slice(250)))).toEqual(reference(all, 30))
  })

  test('takes each record with the same probability', () => {
    const taken = new Array(20).fill(0)
    for (let seed = 0; seed < 2000; seed++) {
      const hash = offsetHash(String(seed), 'sample', 's', 'o')
      const sketch = new Sketch({ total: 5, seed: String(seed) })
      for (const { candidate } of items(new Array(20).fill('d')))
        sketch.offer('d', hash(candidate.offset), () => ({ ...candidate, hash: hash(candidate.offset) }))
      for (const { offset } of draw(sketch, parse).records) taken[offset]++
    }
    // 2000 draws with probability 1/4: mean 500, standard deviation 19.4
    for (const count of taken) expect(Math.abs(count - 500)).toBeLessThan(4 * 19.4)
  })

  test('asks for few records of many, and keeps fewer', () => {
    let made = 0
    const sketch = new Sketch(options(200))
    const hash = offsetHash('1', 'sample', 's', 'o')
    const [base] = items(['x'])
    for (let i = 0; i < 700_000; i++)
      sketch.offer(`d${Math.floor(i / 100_000)}`, hash(i), () => {
        made++
        return { ...(base as Item).candidate, hash: hash(i), offset: i }
      })
    expect(made).toBeLessThan(13_000)
    const kept = sketch.strata().map(({ candidates }) => candidates.length)
    expect(kept).toEqual(new Array(7).fill(2 * 29 + 4))
    expect(sketch.strata().map(({ seen }) => seen)).toEqual(new Array(7).fill(100_000))
  })
})

test('equal hashes are ordered by object and offset', () => {
  const [one] = items(['d'])
  const at = (object: string, offset: number) => ({ ...(one as Item).candidate, object, offset })
  const ordered = [at('a', 9), at('b', 1), at('b', 10)]
  expect([...ordered].reverse().sort(byHash)).toEqual(ordered)
})

describe('a malformed candidate', () => {
  test('is replaced by the next of its stratum in hash order', () => {
    const all = items(
      Array.from({ length: 300 }, (_, i) => `d${i % 3}`),
      (i) => i % 4 === 0,
    )
    const result = draw(sketchOf(all, 30), parse)
    expect(drawn(sketchOf(all, 30))).toMatchObject({ offsets: reference(all, 30).offsets })
    expect(result.strata.map(({ seen, sampled }) => [seen, sampled])).toEqual(new Array(3).fill([100, 10]))
    const worst = new Map(['d0', 'd1', 'd2'].map((key) => [key, 0]))
    for (const { stratum, hash } of result.records)
      worst.set(stratum, Math.max(hash, worst.get(stratum) ?? 0))
    const passed = all.filter(
      ({ stratum, candidate }) => candidate.offset % 4 === 0 && candidate.hash < (worst.get(stratum) ?? 0),
    )
    expect(result.malformed.count).toBe(passed.length)
    expect(result.malformed.first).toContainEqual({
      object: 'o',
      line: passed[0]?.candidate.line ?? 0,
      problem: 'is bad',
    })
  })

  test('that has no next leaves its place to the other strata', () => {
    const all = items(
      Array.from({ length: 100 }, (_, i) => (i < 5 ? 'thin' : `d${i % 2}`)),
      (i) => i < 4,
    )
    expect(draw(sketchOf(all, 31), parse)).toMatchObject({
      strata: [
        { key: 'd0', seen: 47, sampled: 15 },
        { key: 'd1', seen: 48, sampled: 15 },
        { key: 'thin', seen: 5, sampled: 1 },
      ],
      malformed: { count: 4 },
    })
  })

  test('is replaced under a proportional allocation, too', () => {
    const all = items(
      Array.from({ length: 400 }, (_, i) => `d${i % 4 ? 0 : 1}`),
      (i) => i % 3 === 0,
    )
    const sketch = sketchOf(all, 100, { allocation: 'proportional' })
    expect(draw(sketch, parse).strata.map(({ sampled }) => sampled)).toEqual([75, 25])
  })

  test('where all are malformed nothing is sampled', () => {
    const result = draw(
      sketchOf(
        items(new Array(50).fill('d'), () => true),
        10,
      ),
      parse,
    )
    expect(result).toMatchObject({ records: [], strata: [{ key: 'd', seen: 50, sampled: 0 }] })
    expect(result.malformed.first).toHaveLength(20)
  })

  test('is passed by in every stratum, and half of them bad still fill the sample', () => {
    fc.assert(
      fc.property(days, total, fc.integer({ min: 2, max: 9 }), (strata, n, every) => {
        const all = items(strata, (i) => i % every === 0)
        const { records, strata: counts } = draw(sketchOf(all, n), parse)
        for (const { key, sampled } of counts) {
          const good = all.filter(
            ({ stratum, candidate }) => stratum === key && candidate.offset % every !== 0,
          )
          const first = good
            .map(({ candidate }) => candidate)
            .sort(byHash)
            .slice(0, sampled)
          const taken = records.filter(({ stratum }) => stratum === key).sort((a, b) => a.hash - b.hash)
          expect(taken.map(({ offset }) => offset)).toEqual(first.map(({ offset }) => offset))
        }
      }),
    )
    const half = items(
      Array.from({ length: 4_000 }, (_, i) => `d${i % 4}`),
      (i) => (i >> 2) % 2 === 0,
    )
    expect(draw(sketchOf(half, 200), parse).records).toHaveLength(200)
  })
})

describe('too many strata', () => {
  const many = items(Array.from({ length: 3_000 }, (_, i) => `user-${(i * i) % 997}`))

  test('share the last one, whatever came first', () => {
    const forth = sketchOf(many, 40, { maxStrata: 50 })
    const back = sketchOf([...many].reverse(), 40, { maxStrata: 50 })
    const [left, right] = [many.slice(0, 900), many.slice(900)].map((part) =>
      sketchOf(part, 40, { maxStrata: 50 }),
    ) as [Sketch, Sketch]
    right.merge(Sketch.fromJSON(JSON.parse(JSON.stringify(left))))
    expect(forth.strata()).toHaveLength(51)
    expect(back.toJSON()).toEqual(forth.toJSON())
    expect(right.toJSON()).toEqual(forth.toJSON())
    expect(drawn(back)).toEqual(drawn(forth))
  })

  test('no record is lost from the counts', () => {
    const { records, strata } = draw(sketchOf(many, 40, { maxStrata: 50 }), parse)
    expect(records).toHaveLength(40)
    expect(strata.reduce((sum, { seen }) => sum + seen, 0)).toBe(3_000)
    const kept = new Set(strata.map(({ key }) => key))
    const folded = many.filter(({ stratum }) => !kept.has(stratum)).length
    expect(strata.find(({ key }) => key === OTHER)?.seen).toBe(folded)
  })

  test('a field with a value of its own per record stays within memory', () => {
    const sketch = new Sketch(options(200))
    const [base] = items(['x'])
    const hash = offsetHash('1', 'sample', 's', 'o')
    for (let i = 0; i < 60_000; i++)
      sketch.offer(`id-${i}`, hash(i), () => ({ ...(base as Item).candidate, hash: hash(i), offset: i }))
    const strata = sketch.strata()
    expect(strata).toHaveLength(10_001)
    expect(strata.reduce((sum, { candidates }) => sum + candidates.length, 0)).toBeLessThan(11_000)
    expect(draw(sketch, parse).records).toHaveLength(200)
  })
})
