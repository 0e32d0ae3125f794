import { html } from 'lit-html'
import { count } from '../format.js'

/**
 * A text of which the rest comes when somebody asks for it, so that one task does not fill many screens.
 *
 * @param {string} text
 * @param {number} shown characters
 */
export function longText(text, shown) {
  if (text.length <= shown * 1.5) return text
  return html`${text.slice(0, shown)}<details><summary>… and ${count(text.length - shown)} more characters</summary>${text.slice(shown)}</details>`
}

/**
 * What stayed the same between two changes: its two ends, where it is long.
 *
 * @param {string} text
 * @param {number} shown characters at each end
 */
export function unchangedText(text, shown) {
  if (text.length <= shown * 3) return text
  const rest = text.slice(shown, -shown)
  return html`${text.slice(0, shown)}<details><summary>… ${count(rest.length)} characters that stayed …</summary>${rest}</details>${text.slice(-shown)}`
}
