import type { Run } from '../contract/types.ts'
import { count, counted, table } from './text.ts'

/** What a person wants to know of a run: what came of it, and what to do about what went wrong. */
export function describeRun(run: Run): string {
  const { progress, project, window } = run
  const sampled = run.strata.reduce((sum, stratum) => sum + stratum.sampled, 0)
  const rows: [string, string][] = [
    ['monitor', run.monitor],
    ['window', `${window.from} to ${window.to}`],
    ['seed', String(run.seed)],
  ]
  if (run.strata.length > 0) {
    rows.push(['sampled', `${count(sampled)} of ${count(progress.records_seen)} records seen`])
  }
  if (run.tasks_blind > 0) {
    rows.push(['blind', `${counted(run.tasks_blind, 'task')} without the prediction`])
  }
  if (progress.records_malformed > 0) {
    rows.push(['malformed', `${counted(progress.records_malformed, 'record')}${firstMalformed(run)}`])
  }
  if (project) rows.push(['project', project.title], ['', project.url])
  return `Run ${run.id} is ${run.status}\n${table(rows)}${notes(run)
    .map((note) => `${note}\n`)
    .join('')}`
}

function notes(run: Run): string[] {
  const { error, message, notifications, warnings, webhook } = run
  const retry = `Mend that, then go on from where it stood: POST /runs/${run.id}/retry`
  return [
    ...(error ? [`Error: ${error}`, retry] : []),
    ...(message ? [message] : []),
    ...(webhook?.problem ? [`Webhook: ${webhook.problem}${webhook.remedy ? ` ${webhook.remedy}` : ''}`] : []),
    ...notifications.flatMap(({ error, to }) => (error ? [`Not sent to ${to.join(', ')}: ${error}`] : [])),
    ...warnings.map((warning) => `Warning: ${warning}`),
  ]
}

function firstMalformed({ malformed: [first] }: Run): string {
  if (!first) return ''
  return `; first ${first.object}${first.line === null ? '' : ` line ${first.line}`}: ${first.problem}`
}
