import { html, nothing } from 'lit-html'
import { ApiProblem } from '../api.js'

/** @import { TemplateResult } from 'lit-html' */

/** @param {Error | null} problem */
export function problemNotice(problem) {
  if (!problem) return nothing
  const title = problem instanceof ApiProblem ? problem.title : 'Something went wrong in this page'
  return html`<div class="notice bad" role="alert"><strong>${title}.</strong> ${problem.message}</div>`
}

export function loading() {
  return html`<p class="quiet" aria-busy="true">Reading…</p>`
}

/**
 * What stands where there is nothing yet: why, and what comes next.
 *
 * @param {string} title
 * @param {unknown} text
 * @param {TemplateResult | typeof nothing} [action]
 */
export function empty(title, text, action = nothing) {
  return html`<div class="empty"><h2>${title}</h2><p>${text}</p>${action}</div>`
}
