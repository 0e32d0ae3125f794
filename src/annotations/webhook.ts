import { sql } from 'kysely'
import type { Database } from '../db/database.ts'
import { type LabelStudio, LabelStudioError } from '../labeling/client.ts'
import {
  type ArmedWebhook,
  armWebhook,
  hasWebhook,
  type OwnWebhook,
  type WebhookRepair,
} from '../labeling/webhook.ts'
import type { ProjectRow } from './store.ts'

export interface WebhookDependencies {
  database: Database
  labelStudio: LabelStudio
  webhook: OwnWebhook
}

export interface WebhookReport {
  /** Whether Label Studio tells the service what happens in the project. */
  active: boolean
  repaired: WebhookRepair[]
  problem: string | null
}

/** Registers the service's webhook in a project of its own, or sets it right; where it is refused, the project is polled. */
export async function registerWebhook(
  { database, labelStudio, webhook }: WebhookDependencies,
  projectId: number,
  knownId: number | null,
): Promise<ArmedWebhook> {
  const state = await armWebhook(labelStudio, projectId, webhook, knownId)
  await database.kysely
    .updateTable('projects')
    .set({
      webhook_id: state.id,
      webhook_active: state.active,
      webhook_problem: state.problem,
      polled: !state.active,
      updated_at: sql<Date>`clock_timestamp()`,
    })
    .where('project_id', '=', projectId)
    .execute()
  return state
}

/**
 * Looks after the way on which Label Studio tells the service of a project. A webhook that the service registered is
 * set right; one that somebody else registered is theirs, and only looked at. In a project whose run has not come to
 * its webhook yet there is none to look after.
 *
 * @throws LabelStudioError when Label Studio gives no answer
 */
export async function tendWebhook(deps: WebhookDependencies, project: ProjectRow): Promise<WebhookReport> {
  const { database, labelStudio, webhook } = deps
  const { project_id, webhook_id, webhook_problem } = project
  try {
    if (webhook_id !== null || webhook_problem !== null) {
      const { active, repaired, problem } = await registerWebhook(deps, project_id, webhook_id)
      return { active, repaired, problem }
    }
    const active = await hasWebhook(labelStudio, project_id, webhook)
    if (active !== project.webhook_active) {
      await database.kysely
        .updateTable('projects')
        .set({ webhook_active: active })
        .where('project_id', '=', project_id)
        .execute()
    }
    return { active, repaired: [], problem: null }
  } catch (error) {
    // Whoever may not see webhooks may well see tasks; without an answer there is nothing to go on with.
    if (!(error instanceof LabelStudioError) || error.status === null || error.kind === 'missing') throw error
    return { active: project.webhook_active, repaired: [], problem: error.message }
  }
}
