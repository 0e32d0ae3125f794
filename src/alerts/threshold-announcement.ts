import type { components } from '../contract/schema.ts'
import type { AnnouncementType } from '../db/tables.ts'
import { type EvaluationContext, presentEvaluation } from '../evaluations/evaluation.ts'
import { linksOf } from './links.ts'
import type { Announcement } from './outbox.ts'
import { renderThresholdMail } from './threshold-mail.ts'
import type { Alert, AlertState } from './transition.ts'

export type ThresholdAnnouncement = components['schemas']['ThresholdAnnouncement']

const TYPES: Record<AlertState, AnnouncementType> = {
  ok: 'threshold.recovered',
  warning: 'threshold.warning',
  fail: 'threshold.failed',
}

/**
 * What is told of one threshold: its alert as `context` has it, after `before` (null: none).
 *
 * @param index of the threshold
 */
export function announceThreshold(
  context: EvaluationContext,
  index: number,
  before: Alert | null,
  now: Date,
  publicUrl: string,
): Announcement {
  const { project } = context
  const run = project.run_id as string
  const alert = context.alerts[index] as Alert
  const evaluation = presentEvaluation(context)
  const data: ThresholdAnnouncement = {
    project: project.project_id,
    title: project.title,
    monitor: project.monitor ?? '',
    run,
    threshold: evaluation.thresholds[index] as ThresholdAnnouncement['threshold'],
    state: alert.state,
    previous_state: before?.state ?? 'ok',
    since: alert.since.toISOString(),
    reminder: before?.state === alert.state,
    verdict: evaluation.verdict,
    coverage: evaluation.coverage,
    change_rate: evaluation.change_rate,
    similarity: evaluation.similarity,
    similarity_sequence: evaluation.similarity_sequence,
    links: linksOf({ publicUrl, run, project: { id: project.project_id, url: context.labelStudioUrl } }),
  }
  return {
    type: TYPES[alert.state],
    at: now,
    run,
    project: project.project_id,
    mail: renderThresholdMail(data, publicUrl),
    data: data as unknown as Record<string, unknown>,
  }
}
