import { evaluationPage, runPage } from './links.ts'
import { type Block, type MailContent, renderMail } from './mail-body.ts'

/** What the e-mail at the end of a run tells; the fields of the API's run, and what became of the webhook. */
export interface FinishedRun {
  id: string
  /** The monitor's name. */
  monitor: string
  status: 'ready' | 'failed'
  /** Calendar dates, both included. */
  window: { from: string; to: string }
  progress: { records_seen: number; records_malformed: number; tasks_imported: number }
  strata: readonly { key: string; seen: number; sampled: number }[]
  /** How many tasks come without what the model answered. */
  tasks_blind?: number
  /** Null when there is none: no record in the window, or failed before it was made. */
  project: { id: number; title: string; url: string } | null
  webhook?: { problem: string | null; remedy: string | null } | null
  error?: { message: string; remedy?: string | null } | null
}

/** A mail is read, not searched: the run itself lists all strata. */
const MAX_ROWS = 100

/**
 * The e-mail about a finished run. `serviceUrl` is where the recipient reaches this service: its page shows the run,
 * and a failed one is retried there.
 */
export function renderRunMail(run: FinishedRun, { serviceUrl }: { serviceUrl: string }): MailContent {
  const footer: Block = {
    kind: 'footer',
    text: `Run ${run.id} of the monitor ${run.monitor}\nlabel-studio-monitor, ${runPage(serviceUrl, run.id)}`,
  }
  const { heading, blocks } = run.status === 'failed' ? failed(run, serviceUrl) : ready(run, serviceUrl)
  return renderMail(heading, [...blocks, footer])
}

interface Letter {
  heading: string
  blocks: Block[]
}

function ready(run: FinishedRun, serviceUrl: string): Letter {
  const { project } = run
  if (!project) {
    const advice =
      run.progress.records_malformed > 0
        ? 'Records were found, but none could be read: compare the monitor’s format with the logs.'
        : 'If there should be some, compare the monitor’s source and key pattern with the names of the log files.'
    return {
      heading: `No records: ${run.monitor}, ${windowOf(run)}`,
      blocks: [
        {
          kind: 'paragraph',
          text: `The logs hold no record from ${run.window.from} to ${run.window.to} that could be sampled, so no project was made. ${advice}`,
        },
        facts(run),
      ],
    }
  }
  return {
    heading: `Ready for review: ${project.title}`,
    blocks: [
      {
        kind: 'paragraph',
        text: `The project “${project.title}” is ready in Label Studio: ${count(sampled(run))} of ${count(run.progress.records_seen)} records from ${run.window.from} to ${run.window.to}, ${withAnswers(run)}, wait for review.`,
      },
      { kind: 'link', label: 'Open the project', url: project.url },
      paragraph(`What reviewers change is counted live at ${evaluationPage(serviceUrl, project.id)}`),
      facts(run),
      ...perStratum(run),
      ...webhookProblem(run),
    ],
  }
}

/** Who finds a task without an answer is to know that nothing is broken. */
function withAnswers({ tasks_blind = 0, progress: { tasks_imported } }: FinishedRun): string {
  if (tasks_blind === 0) return 'each with what the model answered'
  if (tasks_blind >= tasks_imported) return 'on purpose without what the model answered'
  return `${count(tasks_imported - tasks_blind)} with what the model answered and ${count(tasks_blind)} on purpose without`
}

function failed(run: FinishedRun, serviceUrl: string): Letter {
  const { project } = run
  return {
    heading: `Run failed: ${run.monitor}, ${windowOf(run)}`,
    blocks: [
      {
        kind: 'paragraph',
        text: `What went wrong: ${sentence(run.error?.message ?? 'no reason was recorded')}`,
      },
      ...(run.error?.remedy ? [paragraph(`What to mend: ${sentence(run.error.remedy)}`)] : []),
      paragraph(
        `When it is mended, retry the run on its page ${runPage(serviceUrl, run.id)}, or with an API token by the command below. It goes on from where it stood and makes nothing twice.`,
      ),
      {
        kind: 'command',
        text: `curl -X POST -H "Authorization: Bearer $API_TOKEN" ${serviceUrl}/runs/${encodeURIComponent(run.id)}/retry`,
      },
      facts(run),
      ...(project ? [{ kind: 'link' as const, label: 'Open the unfinished project', url: project.url }] : []),
    ],
  }
}

function facts(run: FinishedRun): Block {
  const { records_seen, records_malformed, tasks_imported } = run.progress
  const malformed = records_malformed > 0 ? `${count(records_malformed)} (the run lists the first)` : '0'
  return {
    kind: 'facts',
    facts: [
      ['Monitor', run.monitor],
      ['Window', `${run.window.from} to ${run.window.to}`],
      ['Records seen', count(records_seen)],
      ['Malformed', malformed],
      ['Sampled', count(sampled(run))],
      ['Tasks in Label Studio', count(tasks_imported)],
    ],
  }
}

function perStratum({ strata }: FinishedRun): Block[] {
  if (strata.length === 0) return []
  const areDates = strata.every(({ key }) => /^\d{4}-\d{2}-\d{2}$/.test(key))
  const rows = strata.slice(0, MAX_ROWS).map(({ key, seen, sampled }) => [key, count(seen), count(sampled)])
  const rest = strata.length - rows.length
  return [
    { kind: 'table', head: [areDates ? 'Date' : 'Stratum', 'Records seen', 'Sampled'], rows },
    ...(rest > 0 ? [paragraph(`And ${count(rest)} more, which the run lists.`)] : []),
  ]
}

function webhookProblem({ webhook }: FinishedRun): Block[] {
  if (!webhook?.problem) return []
  return [
    paragraph(
      `Label Studio does not tell this service about new annotations: ${sentence(webhook.problem)} The service asks Label Studio itself instead, so the figures come, but later.`,
    ),
    ...(webhook.remedy ? [paragraph(`What to mend: ${sentence(webhook.remedy)}`)] : []),
  ]
}

function paragraph(text: string): Block {
  return { kind: 'paragraph', text }
}

/** Messages come from many places, with and without a full stop. */
function sentence(text: string): string {
  return /[.!?…]$/.test(text.trim()) ? text.trim() : `${text.trim()}.`
}

function sampled({ strata }: FinishedRun): number {
  return strata.reduce((sum, stratum) => sum + stratum.sampled, 0)
}

function windowOf({ window }: FinishedRun): string {
  return window.from === window.to ? window.from : `${window.from} to ${window.to}`
}

function count(value: number): string {
  return value.toLocaleString('en')
}
