import { html } from 'lit-html'
import { count, plural, size } from '../format.js'

/** @import { Run } from '../types.ts' */

/**
 * How far a run is: reading logs is the first half, importing tasks the second.
 *
 * @param {Run} run
 */
export function runProgress({ status, progress }) {
  const { bytes_done, bytes_total, objects_done, objects_total, tasks_imported, tasks_total } = progress
  const share = status === 'importing' ? ratio(tasks_imported, tasks_total) : ratio(bytes_done, bytes_total)
  const said =
    status === 'importing'
      ? `${count(tasks_imported)} of ${plural(tasks_total, 'task')} imported`
      : status === 'scanning'
        ? `${count(objects_done)} of ${plural(objects_total, 'object')} read, ${size(bytes_done)} of ${size(bytes_total)}`
        : 'Waiting for its turn'
  return html`<div class="progress">
    <progress aria-label=${status === 'importing' ? 'Importing' : 'Reading logs'} max="1" .value=${share}></progress>
    <span class="quiet">${said}</span>
  </div>`
}

/** @param {number} done @param {number} total */
function ratio(done, total) {
  return total === 0 ? 0 : done / total
}
