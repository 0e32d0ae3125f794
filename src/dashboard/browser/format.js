/** @import { Evaluation } from './types.ts' */

const THIN = '\u202f'

/**
 * A share as a percentage that tells no more digits than it needs.
 *
 * @param {number | null | undefined} share from 0 to 1
 */
export function percent(share) {
  if (share === null || share === undefined) return '–'
  const value = share * 100
  const digits = Math.abs(value) < 10 && !Number.isInteger(Math.round(value * 10) / 10) ? 1 : 0
  if (value > 0 && value < 0.05) return `<${THIN}0.1${THIN}%`
  return `${value.toFixed(digits).replace('-', '−')}${THIN}%`
}

/**
 * The difference of two shares, in percentage points.
 *
 * @param {number | null} difference from −1 to 1
 */
export function points(difference) {
  if (difference === null) return '–'
  const value = Math.round(difference * 1000) / 10
  return `${value > 0 ? '+' : ''}${String(value).replace('-', '−')}${THIN}points`
}

/**
 * @param {readonly number[] | null | undefined} bounds lower and upper
 * @returns {string} such as "6 % to 34 %"
 */
export function range(bounds) {
  return bounds ? `${percent(bounds[0])} to ${percent(bounds[1])}` : '–'
}

/** @param {number} number */
export function count(number) {
  return number.toLocaleString('en').replaceAll(',', THIN)
}

/**
 * @param {number} number
 * @param {string} one
 * @param {string} [many]
 */
export function plural(number, one, many = `${one}s`) {
  return `${count(number)} ${number === 1 ? one : many}`
}

/** @param {number} bytes */
export function size(bytes) {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB']
  const step = bytes < 1000 ? 0 : Math.min(4, Math.floor(Math.log10(bytes) / 3))
  return `${Number((bytes / 1000 ** step).toPrecision(3))} ${units[step]}`
}

/** @param {{ from: string, to: string }} window */
export function days({ from, to }) {
  return from === to ? from : `${from} to ${to}`
}

/** @param {string | null} time RFC 3339 */
export function moment(time) {
  return time === null
    ? 'never'
    : new Date(time).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'short' })
}

/**
 * How long ago, in the coarsest unit that fits.
 *
 * @param {string | null} time RFC 3339
 * @param {number} [now] milliseconds since 1970
 */
export function ago(time, now = Date.now()) {
  if (time === null) return 'never'
  const seconds = Math.max(0, Math.round((now - Date.parse(time)) / 1000))
  if (seconds < 10) return 'just now'
  if (seconds < 60) return 'less than a minute ago'
  if (seconds < 3600) return `${plural(Math.floor(seconds / 60), 'minute')} ago`
  if (seconds < 86_400) return `${plural(Math.floor(seconds / 3600), 'hour')} ago`
  return `${plural(Math.floor(seconds / 86_400), 'day')} ago`
}

/** @type {Record<Evaluation['verdict'], string>} */
export const VERDICTS = { pass: 'Pass', fail: 'Fail', inconclusive: 'Not decided' }
