import { describe, expect, it } from 'vitest'
import { ALIKE, bothWays, compare, region, type SimilarityCase } from './fixtures/regions.ts'

const path = (...names: string[]) => ['Animals', ...names]

describe('the similarity of answers', () => {
  it.each<SimilarityCase>([
    [
      'two shared choices of four in all',
      'choices',
      [{ choices: ['S', 'P', 'T'] }],
      [{ choices: ['P', 'T', 'H'] }],
      0.5,
    ],
    ['one choice of three', 'choices', [{ choices: ['S', 'P', 'T'] }], [{ choices: ['S'] }], 1 / 3],
    ['another choice', 'choices', [{ choices: ['S'] }], [{ choices: ['P'] }], 0],
    [
      'four shared beginnings of six',
      'taxonomy',
      [{ taxonomy: [path('Dogs', 'Labrador'), path('Birds', 'Eagle')] }],
      [{ taxonomy: [path('Dogs', 'Labrador'), path('Birds', 'Sparrow')] }],
      4 / 6,
    ],
    [
      'two dogs',
      'taxonomy',
      [{ taxonomy: [path('Dogs', 'Labrador')] }],
      [{ taxonomy: [path('Dogs', 'Poodle')] }],
      0.5,
    ],
    [
      'a dog and a cat',
      'taxonomy',
      [{ taxonomy: [path('Dogs', 'Labrador')] }],
      [{ taxonomy: [path('Cats', 'Siamese')] }],
      0.2,
    ],
    [
      'a path beside its own beginning',
      'taxonomy',
      [{ taxonomy: [path('Dogs')] }],
      [{ taxonomy: [path('Dogs'), path()] }],
      ALIKE,
    ],
    ['the other of a pair', 'pairwise', [{ selected: 'left' }], [{ selected: 'right' }], 0],
    ['a day later', 'datetime', [{ datetime: '2025-03-19' }], [{ datetime: '2025-03-20' }], 0],
    ['one star more', 'rating', [{ rating: 4 }], [{ rating: 5 }], 0.5],
    ['four stars less', 'rating', [{ rating: 5 }], [{ rating: 1 }], 0.2],
    ['twenty years more', 'number', [{ number: 30 }], [{ number: 50 }], 1 / 21],
    ['a number and no number', 'number', [{ number: 30 }], [{ number: 'many' }], 0],
    ['a kitten sitting', 'textarea', [{ text: ['kitten'] }], [{ text: ['sitting'] }], 1 - 3 / 7],
    [
      'one more character of 23',
      'textarea',
      [{ text: ['The cat sat on the mat'] }],
      [{ text: ['The cat sat on the mat.'] }],
      22 / 23,
    ],
    [
      'a family that lost a child counts as one character',
      'textarea',
      [{ text: ['a👨‍👩‍👧'] }],
      [{ text: ['a👨‍👩'] }],
      0.5,
    ],
    ['a second entry', 'textarea', [{ text: ['one'] }], [{ text: ['one', 'two'] }], 0.5],
    ['an entry made empty', 'textarea', [{ text: ['one'] }], [{ text: [''] }], 0],
    [
      'two neighbours changed places',
      'ranker',
      [{ ranker: ['a', 'b', 'c'] }],
      [{ ranker: ['b', 'a', 'c'] }],
      2 / 3,
    ],
    ['the order turned round', 'ranker', [{ ranker: ['a', 'b', 'c'] }], [{ ranker: ['c', 'b', 'a'] }], 0],
    [
      'an item in another bucket',
      'ranker',
      [{ ranker: { good: ['a', 'b'], bad: ['c'] } }],
      [{ ranker: { good: ['a'], bad: ['b', 'c'] } }],
      1 / 3,
    ],
    [
      'an item that was not ranked',
      'ranker',
      [{ ranker: { good: ['a', 'b'] } }],
      [{ ranker: { good: ['a', 'b'], bad: ['c'] } }],
      1 / 3,
    ],
    [
      'an answer of the assistant, whatever the user said',
      'chat',
      [
        { chatmessage: { role: 'user', content: 'Hi' } },
        { chatmessage: { role: 'assistant', content: 'abcd' } },
      ],
      [
        { chatmessage: { role: 'user', content: 'Hello' } },
        { chatmessage: { role: 'assistant', content: 'abc' } },
      ],
      0.75,
    ],
    [
      'a question of the user only',
      'chat',
      [{ chatmessage: { role: 'user', content: 'Hi' } }],
      [{ chatmessage: { role: 'user', content: 'Ho' } }],
      ALIKE,
    ],
    ['a tag that nobody knows', 'hologram', [{ depth: 1 }], [{ depth: 2 }], 0],
  ])('of %s', (_, type, before, after, expected) => {
    for (const outcome of bothWays(type, before, after)) {
      expect(outcome?.changed).toBe(true)
      expect(outcome?.similarity).toBeCloseTo(expected, 9)
    }
  })
})

describe('answers per region', () => {
  const per = { perRegion: true }
  const said = (id: string | undefined, start: number, text: string) =>
    region('textarea', { start, end: start + 5, text: [text] }, id === undefined ? {} : { id })

  it('are compared region by region; a region without a partner has 0', () => {
    const before = [said('a', 0, 'abcd'), said('b', 10, 'same'), said('c', 20, 'gone')]
    const after = [said('a', 0, 'abc'), said('b', 10, 'same')]
    expect(compare('textarea', before, after, per)).toMatchObject({
      changed: true,
      similarity: (0.75 + 1 + 0) / 3,
    })
  })

  it('are unchanged where only the region moved', () => {
    expect(compare('textarea', [said('a', 0, 'abcd')], [said('a', 1, 'abcd')], per)?.changed).toBe(false)
  })

  it('are changed where two regions have swapped them', () => {
    const swapped = compare(
      'textarea',
      [said('a', 0, 'x'), said('b', 9, 'y')],
      [said('a', 0, 'y'), said('b', 9, 'x')],
      per,
    )
    expect(swapped).toMatchObject({ changed: true, similarity: 0 })
  })

  it('find their region by its place where the prediction had no ids', () => {
    const before = [said(undefined, 0, 'abcd'), said(undefined, 10, 'same')]
    const after = [said('x', 10, 'same'), said('y', 0, 'abc')]
    expect(compare('textarea', before, after, per)?.similarity).toBe((0.75 + 1) / 2)
  })

  it('are unchanged where the editor added the place of the region', () => {
    const bare = [region('textarea', { text: 'abcd' }, { id: 'a' }), region('textarea', { text: 'efgh' })]
    expect(compare('textarea', bare, [said('a', 0, 'abcd'), said('z', 9, 'efgh')], per)?.changed).toBe(false)
  })

  it('are recognised by their places where the config does not say', () => {
    const swapped = compare(
      'choices',
      [said('a', 0, 'x'), said('b', 9, 'y')],
      [said('a', 0, 'y'), said('b', 9, 'x')],
    )
    expect(swapped?.changed).toBe(false)
    const texts = compare('textarea', [said('a', 0, 'x')], [said('b', 50, 'x')])
    expect(texts).toMatchObject({ changed: true, similarity: 0 })
  })
})
