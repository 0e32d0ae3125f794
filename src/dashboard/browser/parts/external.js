import { html, nothing } from 'lit-html'

/**
 * A link to Label Studio; nothing where none is set, or what is no web address.
 *
 * @param {string | null} url
 * @param {unknown} text
 * @param {string} [style]
 */
export function external(url, text, style = '') {
  if (!url || !/^https?:\/\//i.test(url)) return nothing
  return html`<a class=${style} href=${url} target="_blank" rel="noopener noreferrer"
    >${text}<span class="hidden"> (opens Label Studio)</span></a
  >`
}
