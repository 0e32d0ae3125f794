import { html, nothing } from 'lit-html'
import { api } from './api.js'
import { hasSession, mayOnlyRead } from './role.js'

/** @import { TemplateResult } from 'lit-html' */

/** @type {[hash: string, text: string][]} */
const PLACES = [
  ['#/', 'Monitors'],
  ['#/runs', 'Runs'],
]

/**
 * What is around every view.
 *
 * @param {TemplateResult} content
 * @param {string} hash of the address
 */
export function shell(content, hash) {
  const here = hash === '' ? '#/' : hash
  return html`
    <a class="skip" href="#main" @click=${skip}>Skip to the content</a>
    <header class="top">
      <div class="wide">
        <a class="brand" href="#/"><img src="assets/icon.svg" alt="" width="22" height="22" />Label Studio Monitor</a>
        <nav aria-label="Places">
          ${PLACES.map(
            ([place, text]) =>
              html`<a href=${place} aria-current=${place === here ? 'page' : nothing}>${text}</a>`,
          )}
          <a href="docs">API</a>
          ${mayOnlyRead() ? html`<span class="tag" title="Your token may read, and change nothing.">Read only</span>` : nothing}
          ${hasSession() ? html`<button class="plain" @click=${signOut}>Sign out</button>` : nothing}
        </nav>
      </div>
    </header>
    <main id="main" class="wide" tabindex="-1">${content}</main>`
}

async function signOut() {
  await api.DELETE('/session')
  location.reload()
}

/** The address names the view, so that it can't name a place in it. @param {Event} event */
function skip(event) {
  event.preventDefault()
  document.getElementById('main')?.focus()
}
