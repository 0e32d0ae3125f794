/** @type {string | null} */
let role = null
let isSession = false

/**
 * What the service has said of who is looking.
 *
 * @param {string | null} given `read`, `write` or `admin`
 * @param {boolean} session whether a cookie says so
 */
export function setRole(given, session) {
  role = given
  isSession = session
}

/** Whether forms and buttons that change something are of use. */
export function mayWrite() {
  return role === 'write' || role === 'admin'
}

/** Whether a token is used that may change nothing: whoever has it is told why buttons are missing. */
export function mayOnlyRead() {
  return role === 'read'
}

export function hasSession() {
  return isSession
}
