import { html, nothing } from 'lit-html'
import { count } from '../format.js'
import { taskCard } from '../task/task.js'

/** @import { Evaluation, EvaluationTask } from '../types.ts' */

/**
 * @param {Evaluation} evaluation
 * @param {EvaluationTask[]} tasks
 * @param {boolean} hasMore
 * @param {() => void} showMore
 */
export function tasksSection(evaluation, tasks, hasMore, showMore) {
  const { changed } = evaluation.change_rate
  return html`<section id="changed">
    <h2>Changed tasks <span class="quiet">${count(changed)}</span></h2>
    ${tasks.length === 0 ? html`<p class="quiet">Reviewers have left every answer as it was.</p>` : html`<ul class="tasks">${tasks.map((task) => taskCard(task, evaluation))}</ul>`}
    ${hasMore ? html`<p><button class="button second" @click=${showMore}>Show more</button> <span class="quiet">${tasks.length} of ${count(changed)}</span></p>` : nothing}
  </section>`
}
