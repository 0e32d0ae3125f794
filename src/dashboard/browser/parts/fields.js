import { html, nothing } from 'lit-html'
import { ApiProblem } from '../api.js'

/** @param {FormData} form @param {string} name @returns {string | null} */
export function optionalText(form, name) {
  return String(form.get(name) ?? '').trim() || null
}

/** @param {FormData} form @param {string} name @returns {number | null} */
export function optionalNumber(form, name) {
  const text = optionalText(form, name)
  return text === null ? null : Number(text)
}

/**
 * What the service says is wrong with one field.
 *
 * @param {Error | null} problem
 * @param {string} path JSON pointer into the body
 */
export function fieldProblem(problem, path) {
  const own = problemsOf(problem).filter((error) => belongs(error.path, path))
  const said = own.map(({ message }) => inPlain(message))
  // what else is wrong with nothing is of no use
  const needed = said.includes(NEEDED) ? [NEEDED] : said
  return needed.map((message) => html`<span class="wrong" role="alert">${message}</span>`)
}

/**
 * What is wrong and has no field of its own in the form.
 *
 * @param {ApiProblem} problem
 * @param {string[]} placed paths that are shown at their fields
 */
export function unplacedProblems(problem, placed) {
  const others = problem.errors.filter(({ path }) => !placed.some((each) => belongs(path, each)))
  if (problem.errors.length > 0 && others.length === 0) return nothing
  return html`<div class="notice bad" role="alert">
    <strong>${problem.title}.</strong>
    ${others.length === 0 ? problem.message : html`<ul>${others.map(({ path, message }) => html`<li><code>${path}</code> ${message}</li>`)}</ul>`}
  </div>`
}

/**
 * Has each field say its hint and what is wrong with it to those who see neither. Call it when the page is drawn.
 *
 * @returns {HTMLElement | null} the first that is wrong
 */
export function describeFields() {
  /** @type {HTMLElement | null} */
  let first = null
  for (const field of document.querySelectorAll('.field')) {
    /** @type {HTMLElement | null} */
    const input = field.querySelector('input, select, textarea')
    const said = [...field.querySelectorAll('.quiet, .wrong')]
    const isWrong = field.querySelector('.wrong') !== null
    if (!input?.id) continue
    for (const [index, each] of said.entries()) each.id = `${input.id}-said-${index}`
    input.setAttribute('aria-describedby', said.map(({ id }) => id).join(' '))
    input.setAttribute('aria-invalid', String(isWrong))
    if (isWrong) first ??= input
  }
  return first
}

/** When what was told to be drawn is drawn. @param {() => void} then */
export function whenDrawn(then) {
  requestAnimationFrame(() => requestAnimationFrame(then))
}

/** @param {Error | null} problem */
function problemsOf(problem) {
  return problem instanceof ApiProblem ? problem.errors : []
}

const NEEDED = 'This is needed.'

/** What somebody is told who has never seen a schema. @param {string} message */
function inPlain(message) {
  return /fewer than 1 character|^is required$/.test(message) ? NEEDED : message
}

/** Entries of a list belong to its field. @param {string} path @param {string} field */
function belongs(path, field) {
  return path === field || (path.startsWith(`${field}/`) && /^\d+$/.test(path.slice(field.length + 1)))
}
