/** @import { TemplateResult } from 'lit-html' */

/**
 * What a page shows. `render` is called after each change; `stop` when the page is left.
 *
 * @typedef {{ title: () => string, render: () => TemplateResult, stop?: () => void }} View
 */

/**
 * Makes a view. `update` has it drawn again.
 *
 * @typedef {(parameters: string[], update: () => void) => View} MakeView
 */

/**
 * The address behind `#`, matched part by part: `:` takes any part.
 *
 * @template Make
 * @param {string} hash such as `#/evaluations/12`
 * @param {[pattern: string, make: Make][]} routes
 * @returns {{ make: Make, parameters: string[] } | null}
 */
export function route(hash, routes) {
  const parts = hash
    .replace(/^#?\/?/, '')
    .split('/')
    .map(decoded)
  for (const [pattern, make] of routes) {
    const expected = pattern.split('/')
    if (expected.length !== parts.length) continue
    if (!expected.every((part, index) => part === ':' || part === parts[index])) continue
    return { make, parameters: parts.filter((_, index) => expected[index] === ':') }
  }
  return null
}

/** @param {string} part */
function decoded(part) {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

/** @param {(string | number)[]} parts */
export function link(...parts) {
  return `#/${parts.map(encodeURIComponent).join('/')}`
}
