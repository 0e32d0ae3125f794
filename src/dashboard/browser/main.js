import { render } from 'lit-html'
import { answer, api, whenSignedOut } from './api.js'
import { setRole } from './role.js'
import { route } from './router.js'
import { shell } from './shell.js'

/** @import { MakeView, View } from './router.js' */

/** Each view comes when it is asked for: the first one is there sooner. @type {[string, () => Promise<MakeView>][]} */
const ROUTES = [
  ['', () => import('./views/monitors.js').then(({ monitorsView }) => monitorsView)],
  ['new', () => import('./views/new-monitor.js').then(({ newMonitorView }) => newMonitorView)],
  ['monitors/:', () => import('./views/monitor.js').then(({ monitorView }) => monitorView)],
  ['runs', () => import('./views/runs.js').then(({ runsView }) => runsView)],
  ['runs/:', () => import('./views/run.js').then(({ runView }) => runView)],
  ['evaluations/:', () => import('./views/evaluation.js').then(({ evaluationView }) => evaluationView)],
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

async function follow() {
  const { hash } = location
  const found = route(hash, ROUTES)
  const make = found
    ? await found.make()
    : await import('./views/missing.js').then(({ missingView }) => missingView)
  // meanwhile somebody may have gone on
  if (hash === location.hash && !isAsking) show(make, found?.parameters ?? [])
}

/** Whoever uses a keyboard or a screen reader goes on at the top of the new page. */
function goToTop() {
  requestAnimationFrame(() => {
    window.scrollTo(0, 0)
    document.querySelector('h1')?.focus()
  })
}

window.addEventListener('hashchange', async () => {
  if (isAsking) return
  await follow()
  goToTop()
})
whenSignedOut(askForToken)
let isAsking = false

async function askForToken() {
  if (isAsking) return
  isAsking = true
  setRole(null, false)
  const { signInView } = await import('./views/sign-in.js')
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
