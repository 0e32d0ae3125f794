import { render } from 'lit-html'
import { answer, api, whenSignedOut } from './api.js'
import { setRole } from './role.js'
import { route } from './router.js'
import { shell } from './shell.js'
import { evaluationView } from './views/evaluation.js'
import { missingView } from './views/missing.js'
import { monitorView } from './views/monitor.js'
import { monitorsView } from './views/monitors.js'
import { newMonitorView } from './views/new-monitor.js'
import { runView } from './views/run.js'
import { runsView } from './views/runs.js'
import { signInView } from './views/sign-in.js'

/** @import { MakeView, View } from './router.js' */

/** @type {[string, MakeView][]} */
const ROUTES = [
  ['', monitorsView],
  ['new', newMonitorView],
  ['monitors/:', monitorView],
  ['runs', runsView],
  ['runs/:', runView],
  ['evaluations/:', evaluationView],
]

const root = /** @type {HTMLElement} */ (document.getElementById('page'))
/** @type {View | null} */
let view = null
let isWaiting = false

/** Draws what changed, once per frame. */
function update() {
  if (isWaiting) return
  isWaiting = true
  requestAnimationFrame(() => {
    isWaiting = false
    if (!view) return
    document.title = `${view.title()} · Label Studio Monitor`
    render(shell(view.render(), location.hash), root)
  })
}

/** @param {MakeView} make @param {string[]} parameters */
function show(make, parameters) {
  view?.stop?.()
  view = make(parameters, update)
  update()
}

function follow() {
  const found = route(location.hash, ROUTES)
  if (found) show(found.make, found.parameters)
  else show(missingView, [])
}

/** Whoever uses a keyboard or a screen reader goes on at the top of the new page. */
function goToTop() {
  requestAnimationFrame(() => {
    window.scrollTo(0, 0)
    document.querySelector('h1')?.focus()
  })
}

window.addEventListener('hashchange', () => {
  if (isAsking) return
  follow()
  goToTop()
})
whenSignedOut(askForToken)
let isAsking = false

function askForToken() {
  if (isAsking) return
  isAsking = true
  setRole(null, false)
  show((_, redraw) => signInView(redraw, start), [])
}

/** Asks who this is before anything else, so that nobody sees an error where a token is missing. */
async function start() {
  const { role, expires_at } = await answer(api.GET('/session')).catch(() => ({
    role: null,
    expires_at: null,
  }))
  if (role === null) return askForToken()
  isAsking = false
  setRole(role, expires_at !== null)
  follow()
}
start()
