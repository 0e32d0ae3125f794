import { html } from 'lit-html'
import { empty } from '../parts/notices.js'

/** @import { MakeView } from '../router.js' */

/** @type {MakeView} */
export const missingView = () => ({
  title: () => 'Not found',
  render: () => html`<h1 tabindex="-1">There is nothing here</h1>
    ${empty('This address leads nowhere', 'It may be of an older version of the page.', html`<a class="button" href="#/">All monitors</a>`)}`,
})
