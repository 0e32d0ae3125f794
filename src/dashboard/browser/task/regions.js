/** @import { EvaluationTask } from '../types.ts' */

/** One entry of a result, as Label Studio has it: nothing of it is trusted. @typedef {Record<string, any>} Region */

/**
 * What one control says in a result.
 *
 * @param {string} control
 * @param {EvaluationTask['prediction']} result
 * @returns {Region[]}
 */
export function regionsOf(control, result) {
  return (result ?? []).filter((region) =>
    control === 'relations' ? region.type === 'relation' : region.from_name === control,
  )
}

/** @param {Region} region @returns {Record<string, any>} */
export function contentOf(region) {
  return typeof region.value === 'object' && region.value !== null ? region.value : {}
}

const NUMBERS = [
  'x',
  'y',
  'width',
  'height',
  'radiusX',
  'radiusY',
  'rotation',
  'start',
  'end',
  'startOffset',
  'endOffset',
]
const BULKY = [
  'rle',
  'points',
  'sequence',
  'format',
  'closed',
  'text',
  'globalOffsets',
  'framesCount',
  'duration',
  'channel',
  'instant',
  'imageDataURL',
  'html',
]

/**
 * The labels of a region: every text in its value that is neither its place nor its content.
 *
 * @param {Region} region
 * @returns {string[]}
 */
export function labelsOf(region) {
  return Object.entries(contentOf(region))
    .filter(([name]) => !NUMBERS.includes(name) && !BULKY.includes(name))
    .flatMap(([, value]) => (Array.isArray(value) ? value : [value]))
    .filter((value) => typeof value === 'string')
}

/** @param {Region} region */
export function textOf(region) {
  const { text } = contentOf(region)
  return Array.isArray(text) ? text.map(String).join('\n') : typeof text === 'string' ? text : null
}

/**
 * A region in words.
 *
 * @param {Region} region
 * @returns {string}
 */
export function describe(region) {
  if (region.type === 'relation')
    return `${region.from_id} → ${region.to_id} ${(region.labels ?? []).join(', ')}`
  const value = contentOf(region)
  const labels = labelsOf(region).join(', ')
  const place = placeOf(value)
  if (place) return [labels, place].filter(Boolean).join(' ')
  const entries = Object.values(value)
  return entries.length === 1 ? plain(entries[0]) : plain(value)
}

/** @param {Record<string, any>} value */
function placeOf(value) {
  const number = (/** @type {unknown} */ each) => String(Math.round(Number(each) * 10) / 10)
  if (typeof value.radiusX === 'number')
    return `at ${number(value.x)}, ${number(value.y)}; radii ${number(value.radiusX)} × ${number(value.radiusY)}`
  if (typeof value.height === 'number')
    return `at ${number(value.x)}, ${number(value.y)}; ${number(value.width)} × ${number(value.height)}`
  if (Array.isArray(value.points)) return `outline of ${value.points.length} points`
  if (Array.isArray(value.rle)) return 'painted mask'
  if (Array.isArray(value.sequence)) return `${value.sequence.length} frames`
  if (value.start !== undefined && value.end !== undefined)
    return `${textOf({ value }) ? `“${textOf({ value })}” ` : ''}${value.start}–${value.end}`
  if (typeof value.x === 'number') return `at ${number(value.x)}, ${number(value.y)}`
  return ''
}

/** @param {unknown} value @returns {string} */
export function plain(value) {
  if (value === null || value === undefined) return 'nothing'
  if (Array.isArray(value) && value.every((each) => typeof each !== 'object')) return value.join(', ')
  if (Array.isArray(value) && value.every((each) => Array.isArray(each)))
    return value.map((path) => path.join(' / ')).join(', ')
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}
