import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { IniError, parseIni } from '../../src/monitors/ini.ts'

type Sections = Record<string, Record<string, string | null>>

const cases = JSON.parse(readFileSync(new URL('./fixtures/ini-cases.json', import.meta.url), 'utf8')) as [
  name: string,
  text: string,
  sections: Sections | null,
][]

const read = (text: string) =>
  Object.fromEntries([...parseIni(text).sections].map(([name, keys]) => [name, Object.fromEntries(keys)]))

const problemsOf = (text: string) => {
  try {
    parseIni(text)
  } catch (error) {
    if (error instanceof IniError) return error.problems
  }
  throw new Error('the file was read')
}

describe('a file is read as Python reads it', () => {
  test.each(cases.filter(([, , sections]) => sections))('%s', (_, text, sections) => {
    const actual = read(text)
    const refused = Object.entries(sections ?? {}).flatMap(([section, keys]) =>
      Object.keys(keys).flatMap((key) => (keys[key] === null ? [[section, key] as const] : [])),
    )
    // Where Python refuses to interpolate, only that the key is there; the values are in the table below.
    for (const [section, key] of refused) (actual[section] ?? {})[key] = null as never
    expect(actual).toEqual(sections)
  })

  test.each(cases.filter(([, , sections]) => !sections))('%s is an error', (_, text) => {
    expect(() => parseIni(text)).toThrow(IniError)
  })

  test('a byte order mark is no part of the first section', () => {
    expect(read('\uFEFF[a]\nx = 1')).toEqual({ a: { x: '1' } })
  })

  test('line ends of old Macintoshes', () => {
    expect(read('[a]\rx = 1\r 2\ry = 3')).toEqual({ a: { x: '1\n2', y: '3' } })
  })
})

describe('a percent sign that Python refuses stays as written', () => {
  test.each([
    ['alone', 'width: 50%;', 'width: 50%;'],
    ['before a letter', '%d of %s', '%d of %s'],
    ['before a key that does not exist', '%(none)s', '%(none)s'],
    ['before a key without its s', '%(x)d', '%(x)d'],
    ['before a parenthesis that stays open', '%(x', '%(x'],
    ['beside one that means something', '50% %(x)s 100%%', '50% 1 100%'],
  ])('%s', (_, value, expected) => {
    expect(read(`[a]\nx = 1\nkey = ${value}`).a?.key).toBe(expected)
  })

  test('a key that refers to itself', () => {
    expect(read('[a]\nkey = -%(key)s').a?.key).toMatch(/^-+%\(key\)s$/)
  })
})

describe('errors', () => {
  test('every wrong line is named, none is quoted', () => {
    const problems = problemsOf('[a]\npassword = x\nPassword = y\nsecretword\n[a]\n')
    expect(problems.map((problem) => problem.split(':')[0])).toEqual(['Line 3', 'Line 4', 'Line 5'])
    expect(problems.join()).not.toContain('secretword')
  })

  test.each([
    ['a closing tag', '[a]\nconfig = <View>\n</View>'],
    ['two tags of one kind', '[a]\nconfig = <View>\n<Label value="A"/>\n<Label value="B"/>'],
  ])('a labeling config that is not indented is explained: %s', (_, text) => {
    expect(problemsOf(text).join()).toContain('must begin with a space')
  })

  test('references that grow beyond all bounds are refused', () => {
    const keys = Array.from({ length: 9 }, (_, i) => `k${i + 1} = ${`%(k${i})s`.repeat(50)}`)
    expect(problemsOf(`[a]\nk0 = x\n${keys.join('\n')}`)).toHaveLength(1)
  })
})
