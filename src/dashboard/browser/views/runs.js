import { html, nothing } from 'lit-html'
import { answer, api } from '../api.js'
import { ago, count, days } from '../format.js'
import { live } from '../live.js'
import { empty, loading, problemNotice } from '../parts/notices.js'
import { statusBadge } from '../parts/verdict.js'
import { link } from '../router.js'

/** @import { Run } from '../types.ts' */
/** @import { MakeView } from '../router.js' */

/** @type {MakeView} */
export const runsView = (_, update) => {
  const runs = live(() => answer(api.GET('/runs', { params: { query: { limit: 100 } } })), update)
  return {
    title: () => 'Runs',
    stop: runs.stop,
    render: () => html`<h1 tabindex="-1">Runs</h1>
      ${problemNotice(runs.problem)}
      ${runs.value ? runTable(runs.value.items, true) : runs.problem ? nothing : loading()}
      ${runs.value?.next_cursor ? html`<p class="quiet">Older runs are on the pages of their monitors.</p>` : nothing}`,
  }
}

/**
 * @param {Run[]} runs
 * @param {boolean} named whether each says its monitor
 */
export function runTable(runs, named) {
  if (runs.length === 0)
    return empty(
      'No run yet',
      'A run samples the logs of some days and makes a Label Studio project of them.',
    )
  return html`<div class="scroll" role="group" tabindex="0" aria-label="Table">
    <table>
      <thead>
        <tr>
          ${named ? html`<th scope="col">Monitor</th>` : nothing}
          <th scope="col">Window</th>
          <th scope="col">State</th>
          <th scope="col" class="number">Records seen</th>
          <th scope="col" class="number">Tasks</th>
          <th scope="col">Started</th>
          <th scope="col">Evaluation</th>
        </tr>
      </thead>
      <tbody>
        ${runs.map(
          (run) => html`<tr>
            ${named ? html`<td><a class="name" href=${link('monitors', run.monitor)}>${run.monitor}</a></td>` : nothing}
            <td>
              <a href=${link('runs', run.id)}>${days(run.window)}</a>
              ${run.focus ? html`<span class="tag">like failures</span>` : nothing}
            </td>
            <td>${statusBadge(run.status)}</td>
            <td class="number">${count(run.progress.records_seen)}</td>
            <td class="number">${count(run.progress.tasks_imported)}</td>
            <td>${ago(run.created_at)}</td>
            <td>${run.project && run.status === 'ready' ? html`<a href=${link('evaluations', run.project.id)}>Project ${run.project.id}</a>` : '–'}</td>
          </tr>`,
        )}
      </tbody>
    </table>
  </div>`
}
