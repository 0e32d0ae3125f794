import createClient from 'openapi-fetch'

/** @import { paths } from '../../contract/schema.ts' */
/** @import { ProblemBody } from './types.ts' */

/** The service: the page may live below a path of a proxy. */
export const BASE = new URL('.', document.baseURI).href.replace(/\/$/, '')

/** What the service says is wrong; `errors` names fields. */
export class ApiProblem extends Error {
  /** @param {ProblemBody} problem */
  constructor(problem) {
    super(problem.detail)
    this.status = problem.status
    this.title = problem.title
    this.errors = problem.errors ?? []
  }
}

/**
 * The public API, typed by the contract. `no-cache` has the browser ask whether what it holds is still so
 * (If-None-Match), which costs an unchanged answer nothing.
 *
 * @type {import('openapi-fetch').Client<paths>}
 */
export const api = createClient({ baseUrl: BASE, cache: 'no-cache', credentials: 'same-origin' })

/** Called whenever the service asks who this is. @type {() => void} */
let onSignedOut = () => {}

/** @param {() => void} listener */
export function whenSignedOut(listener) {
  onSignedOut = listener
}

/**
 * What a call answers.
 *
 * @template T
 * @param {Promise<{ data?: T, error?: unknown, response: Response }>} call
 * @returns {Promise<T>}
 * @throws {ApiProblem}
 */
export async function answer(call) {
  const { data, error, response } = await call.catch(() => {
    throw new ApiProblem({
      ...BLANK,
      status: 0,
      title: 'No answer',
      detail: 'The service does not answer. Is it running, and can this browser reach it?',
    })
  })
  if (response.ok) return /** @type {T} */ (data)
  if (response.status === 401) onSignedOut()
  const problem = typeof error === 'object' ? error : {}
  throw new ApiProblem({
    ...BLANK,
    status: response.status,
    title: response.statusText,
    detail: `The service answered ${response.status}.`,
    ...problem,
  })
}

const BLANK = {
  /** @type {ProblemBody['type']} */
  type: 'urn:label-studio-monitor:problem:internal',
  instance: '',
}
