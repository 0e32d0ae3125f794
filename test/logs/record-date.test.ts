import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { dateReader } from '../../src/logs/record-date.ts'

const read = (text: string, zone = 'UTC') => dateReader(zone)(Buffer.from(text), 0, Buffer.byteLength(text))

test.each([
  ['2024-11-11', '2024-11-11'],
  ['2024-11-11 00:12:33', '2024-11-11'],
  ['"2024-11-11 00:12:33"', '2024-11-11'],
  ['  2024-11-11T00:12:33.123456', '2024-11-11'],
  ['2024/11/11 00:12', '2024-11-11'],
  ['20241111', '2024-11-11'],
  ['20241111T001233Z', '2024-11-11'],
  ['2024-11-11 and more', '2024-11-11'],
  ['2024-11-11 UTC', '2024-11-11'],
  ['1731283953', '2024-11-11'],
  ['1731283953.75', '2024-11-11'],
  ['1731283953123', '2024-11-11'],
  ['1731283953123456', '2024-11-11'],
  ['1731283953123456789', '2024-11-11'],
  ['"1731283953"', '2024-11-11'],
  ['2024-02-30', null],
  ['2024-13-01', null],
  ['2024-00-10', null],
  ['2024-11-111', null],
  ['11/12/2024', null],
  ['Nov 11, 2024', null],
  ['2024-11/11', null],
  ['120', null],
  ['0.25', null],
  ['99999999999999999999999', null],
  ['-1731283953', null],
  ['', null],
  ['"', null],
  ['null', null],
])('%j is %s', (text, date) => {
  expect(read(text)).toBe(date)
})

test.each([
  ['without an offset the date is as written', '2024-11-11 23:30:00', 'Asia/Tokyo', '2024-11-11'],
  ['Z', '2024-11-11T23:30:00Z', 'Asia/Tokyo', '2024-11-12'],
  ['z after a fraction', '2024-11-11T23:30:00.5z', 'Asia/Tokyo', '2024-11-12'],
  ['a comma before the fraction', '2024-11-11 23:30:00,123+00:00', 'Asia/Tokyo', '2024-11-12'],
  ['UTC after a blank', '2024-11-11 23:30:00 UTC', 'Asia/Tokyo', '2024-11-12'],
  ['an offset back to UTC', '2024-11-11T00:30:00+02:00', 'UTC', '2024-11-10'],
  ['an offset without colon', '2024-11-11T00:30:00+0200', 'UTC', '2024-11-10'],
  ['an offset of hours', '2024-11-11 00:30+02', 'UTC', '2024-11-10'],
  ['a negative offset', '2024-12-31T20:00:00-05:30', 'UTC', '2025-01-01'],
  ['zones of a quarter hour', '2024-11-11T18:15:00Z', 'Asia/Kathmandu', '2024-11-12'],
  ['and just before', '2024-11-11T18:14:59Z', 'Asia/Kathmandu', '2024-11-11'],
  ['summer time', '2024-07-01T22:30:00Z', 'Europe/Berlin', '2024-07-02'],
  ['winter time', '2024-12-01T22:30:00Z', 'Europe/Berlin', '2024-12-01'],
  ['numbers are instants', '1731283200', 'America/New_York', '2024-11-10'],
])('%s', (_, text, zone, date) => {
  expect(read(text, zone)).toBe(date)
})

test('a reader gives the same for a timestamp whatever it read before', () => {
  const texts = [
    '2024-11-11 10:00',
    '2024-11-11T23:00Z',
    '2024-11-11',
    '2024-11-12 10:00',
    '1731283200',
    '2024-11-11 23:00 +00',
  ]
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...texts)), (sequence) => {
      const reader = dateReader('Asia/Tokyo')
      for (const text of sequence)
        expect(reader(Buffer.from(`x${text}\n`), 1, text.length + 1)).toBe(read(text, 'Asia/Tokyo'))
    }),
  )
})

test('bytes after the end do not count', () => {
  expect(dateReader('UTC')(Buffer.from('2024-11-11'), 0, 9)).toBe(null)
})

describe('an unknown time zone', () => {
  test('is refused by name', () => {
    expect(() => dateReader('Mars/Base')).toThrow(/window\.timezone: .*"Mars\/Base"/)
  })
})
