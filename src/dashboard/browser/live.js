/** @import { Run } from './types.ts' */
import { BASE } from './api.js'

/** Twice this is how long a correction may take to be seen. */
const LOOK_MS = 1_500
/** Where the service does not answer, or nobody looks. */
const REST_MS = 5_000

/**
 * A value that is read again and again while somebody looks at the page; `changed` is called when it is another one.
 *
 * @template T
 * @typedef {object} Live
 * @property {T | null} value the newest, null before the first
 * @property {Error | null} problem why the newest could not be read
 * @property {() => Promise<void>} look reads now
 * @property {() => void} stop
 */

/**
 * @template T
 * @param {() => Promise<T>} read
 * @param {() => void} changed
 * @param {number} [everyMs]
 * @returns {Live<T>}
 */
export function live(read, changed, everyMs = LOOK_MS) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer
  let stopped = false
  let last = ''
  /** @type {Live<T>} */
  const self = { value: null, problem: null, look, stop }

  async function look() {
    clearTimeout(timer)
    let next
    try {
      const value = await read()
      const text = JSON.stringify(value)
      next =
        text === last && self.problem === null ? null : () => Object.assign(self, { value, problem: null })
      last = text
    } catch (problem) {
      const same = self.problem?.message === /** @type {Error} */ (problem).message
      next = same ? null : () => Object.assign(self, { problem })
    }
    if (stopped) return
    if (next) {
      next()
      changed()
    }
    timer = setTimeout(look, self.problem || document.hidden ? REST_MS : everyMs)
  }
  const onVisible = () => {
    if (!document.hidden) look()
  }
  document.addEventListener('visibilitychange', onVisible)
  function stop() {
    stopped = true
    clearTimeout(timer)
    document.removeEventListener('visibilitychange', onVisible)
  }
  look()
  return self
}

/**
 * A run as its events tell it, until it is over.
 *
 * @param {string} id
 * @param {(run: Run) => void} told
 * @returns {() => void} stops it
 */
export function watchRun(id, told) {
  const events = new EventSource(`${BASE}/runs/${id}/events`)
  events.addEventListener('run', (event) => {
    const run = /** @type {Run} */ (JSON.parse(event.data))
    if (isOver(run)) events.close()
    told(run)
  })
  return () => events.close()
}

/** @param {Pick<Run, 'status'>} run */
export function isOver({ status }) {
  return status === 'ready' || status === 'failed' || status === 'cancelled'
}
