import { metricName } from '../evaluations/metric.ts'
import { evaluationPage, runPage } from './links.ts'
import { type Block, type MailContent, renderMail } from './mail-body.ts'
import type { ThresholdAnnouncement } from './threshold-announcement.ts'

/**
 * The e-mail about a threshold that warns, fails, still does so, or has recovered. People get the pages at `publicUrl`;
 * the links of the announcement are for programs.
 */
export function renderThresholdMail(told: ThresholdAnnouncement, publicUrl: string): MailContent {
  const { threshold, monitor, title, coverage, links } = told
  const metric = metricName(threshold)
  const blocks: (Block | null)[] = [
    { kind: 'paragraph', text: explain(told) },
    { kind: 'link', label: 'See the evaluation', url: evaluationPage(publicUrl, told.project) },
    links.label_studio === null ? null : { kind: 'link', label: 'Open the project', url: links.label_studio },
    {
      kind: 'facts',
      facts: [
        ['Monitor', monitor],
        ['Project', title],
        ['Metric', metric],
        ['Value', number(threshold.value)],
        ['Confidence sequence', interval(threshold.sequence)],
        ['Allowed', allowed(threshold)],
        ['Warning', threshold.warn === null ? 'none' : `from ${threshold.warn} on`],
        ['Reviewed', `${count(threshold.reviewed)} (${count(coverage.tasks)} tasks in all)`],
        [told.state === 'ok' ? 'Recovered' : 'Since', told.since],
      ],
    },
    ...(told.state === 'ok' || links.export === null ? [] : corrections(links.export)),
    {
      kind: 'footer',
      text: `Run ${told.run} of the monitor ${monitor}\nlabel-studio-monitor, ${runPage(publicUrl, told.run)}`,
    },
  ]
  return renderMail(
    `${headingOf(told)}: ${metric}, ${title}`,
    blocks.filter((block) => block !== null),
  )
}

function headingOf({ state, reminder }: ThresholdAnnouncement): string {
  const heading = { ok: 'Recovered', warning: 'Warning', fail: 'Threshold failed' }[state]
  return reminder ? `Still: ${heading.toLowerCase()}` : heading
}

function explain({ state, previous_state, threshold }: ThresholdAnnouncement): string {
  const { warn } = threshold
  const metric = metricName(threshold)
  if (state === 'fail') {
    return `${metric} is surely outside of what is allowed (${allowed(threshold)}), by its confidence sequence, which holds however often one looks.`
  }
  if (state === 'ok') return `${metric} is surely back within what is allowed (${allowed(threshold)}).`
  const past = `${metric} is surely past the level of warning (${warn ?? 'removed since'})`
  return previous_state === 'fail'
    ? `${past}, but surely no longer outside of what is allowed (${allowed(threshold)}).`
    : `${past}; allowed is ${allowed(threshold)}.`
}

function corrections(url: string): Block[] {
  return [
    { kind: 'paragraph', text: 'The corrections, to train on, with an API token:' },
    { kind: 'command', text: `curl -H "Authorization: Bearer $API_TOKEN" "${url}"` },
  ]
}

function allowed({ max, min }: ThresholdAnnouncement['threshold']): string {
  return [max !== null && `at most ${max}`, min !== null && `at least ${min}`].filter(Boolean).join(' and ')
}

function interval(bounds: ThresholdAnnouncement['threshold']['sequence']): string {
  return bounds === null ? 'none' : `${number(bounds[0])} to ${number(bounds[1])}`
}

function number(value: number | null): string {
  return value === null ? 'none' : String(Number(value.toFixed(4)))
}

function count(value: number): string {
  return value.toLocaleString('en')
}
