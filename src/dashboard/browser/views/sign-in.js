import { html } from 'lit-html'
import { answer, api } from '../api.js'
import { problemNotice } from '../parts/notices.js'

/** @import { View } from '../router.js' */

/**
 * Asks for an API token once; the service keeps who that is in a cookie of the browser, and the page keeps nothing.
 *
 * @param {() => void} update
 * @param {() => void} signedIn
 * @returns {View}
 */
export function signInView(update, signedIn) {
  /** @type {Error | null} */
  let problem = null

  /** @param {SubmitEvent} event */
  async function submit(event) {
    event.preventDefault()
    const form = new FormData(/** @type {HTMLFormElement} */ (event.target))
    try {
      await answer(api.POST('/session', { body: { token: String(form.get('token')) } }))
      signedIn()
    } catch (error) {
      problem = /** @type {Error} */ (error)
      update()
    }
  }

  return {
    title: () => 'Sign in',
    render: () => html`<form class="narrow" @submit=${submit}>
      <h1 tabindex="-1">Sign in</h1>
      <p>
        Enter one of the service's API tokens (<code>API_TOKENS</code>). One that may only read shows everything; one
        that may write can also start runs.
      </p>
      ${problemNotice(problem)}
      <label class="field">API token<input name="token" type="password" autocomplete="current-password" required /></label>
      <p><button class="button">Sign in</button></p>
    </form>`,
  }
}
