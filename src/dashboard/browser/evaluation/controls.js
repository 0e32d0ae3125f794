import { html, nothing } from 'lit-html'
import { BUCKETS, histogram } from '../charts/histogram.js'
import { count, percent } from '../format.js'
import { confusionTable } from './confusion.js'
import { editTable } from './edits.js'

/** @import { Evaluation } from '../types.ts' */

/** @param {Evaluation} evaluation */
export function controlsSection({ controls }) {
  if (controls.length === 0) return nothing
  return html`<section>
    <h2>By control</h2>
    <div class="grid">${controls.map(control)}</div>
  </section>`
}

/** @param {Evaluation['controls'][number]} control */
function control({
  name,
  type,
  changed,
  reviewed,
  value,
  similarity,
  similarity_metric,
  similarity_histogram,
  confusion,
  edits,
}) {
  const said = `Similarity of ${name}: ${similarity_histogram.map((tasks, bucket) => `${BUCKETS[bucket]} ${tasks}`).join(', ')}`
  return html`<article class="tile">
    <h3>${name} <span class="quiet">${type}</span></h3>
    <p><span class="big">${percent(value)}</span> <span class="quiet">changed, ${count(changed)} of ${count(reviewed)}</span></p>
    <p class="quiet">Mean similarity ${percent(similarity)}, by ${similarity_metric.replaceAll('_', ' ')}</p>
    ${
      reviewed === 0
        ? nothing
        : html`<h4>How similar</h4>
            <uplot-chart .spec=${histogram(said, similarity_histogram)}></uplot-chart>
            <details><summary>As a table</summary>${histogramTable(similarity_histogram)}</details>`
    }
    ${confusion ? confusionTable(confusion) : nothing} ${edits ? editTable(edits) : nothing}
  </article>`
}

/** @param {number[]} histogram */
function histogramTable(histogram) {
  return html`<table>
    <thead><tr><th scope="col">Similarity</th><th scope="col" class="number">Tasks</th></tr></thead>
    <tbody>${histogram.map((tasks, bucket) => html`<tr><th scope="row">${BUCKETS[bucket]}</th><td class="number">${tasks}</td></tr>`)}</tbody>
  </table>`
}
