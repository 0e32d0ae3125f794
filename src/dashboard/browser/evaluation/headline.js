import { html, nothing } from 'lit-html'
import { count, percent, plural, range } from '../format.js'
import { coverageBar, coverageText } from '../parts/coverage.js'
import { intervalBar } from '../parts/interval-bar.js'

/** @import { Evaluation } from '../types.ts' */

/**
 * The numbers that one came for: how many tasks reviewers changed, what that says of all records, how near the answers
 * were, and how far the review is.
 *
 * @param {Evaluation} evaluation
 */
export function headline({ change_rate, similarity, similarity_sequence, coverage, thresholds }) {
  const { changed, reviewed, value, sequence, interval, weighted } = change_rate
  const bounds = thresholds
    .filter(({ metric, model_version, stratum }) => metric === 'change_rate' && !model_version && !stratum)
    .flatMap(({ max, min }) => [max, min])
  return html`<section class="headline" aria-label="In short">
    <div class="tile main">
      <h2>Change rate</h2>
      <p class="huge">${percent(value)}</p>
      ${intervalBar({ value, interval: sequence, bounds })}
      <p>
        ${
          value === null
            ? 'Reviewers have not compared any task yet.'
            : html`Reviewers changed ${count(changed)} of ${plural(reviewed, 'task')}.
                ${sequence ? html`The true rate is <strong>between ${percent(sequence[0])} and ${percent(sequence[1])}</strong>, however often you look.` : nothing}`
        }
      </p>
      ${interval ? html`<p class="quiet">For one single look: ${range(interval)}.</p>` : nothing}
    </div>
    ${weighted && weighted.value !== null ? weightedTile(weighted) : nothing}
    <div class="tile">
      <h2>Similarity</h2>
      <p class="big">${percent(similarity)}</p>
      ${similarity_sequence ? html`<p class="quiet">between ${percent(similarity_sequence[0])} and ${percent(similarity_sequence[1])}, however often you look</p>` : nothing}
      <p class="quiet">How near corrections are to the model's answers; ${percent(1)} is untouched.</p>
    </div>
    <div class="tile">
      <h2>Review</h2>
      <p class="big">${coverage.tasks ? percent(coverage.reviewed / coverage.tasks) : '–'}</p>
      ${coverageBar(coverage)}
      <p class="quiet">${coverageText(coverage)}.</p>
    </div>
  </section>`
}

/** @param {NonNullable<Evaluation['change_rate']['weighted']>} weighted */
function weightedTile({ value, sequence, interval, missing_share }) {
  return html`<div class="tile">
    <h2>Of all records</h2>
    <p class="big">${percent(value)}</p>
    ${
      sequence
        ? html`<p class="quiet">between ${percent(sequence[0])} and ${percent(sequence[1])}, however often you look</p>`
        : interval
          ? html`<p class="quiet">${range(interval)} for one single look</p>`
          : nothing
    }
    <p class="quiet">
      Each stratum weighted by the records that it had in the logs.
      ${missing_share ? html`${percent(missing_share)} of them are in strata without a review.` : nothing}
    </p>
  </div>`
}
