import type { Notification } from '../alerts/notifications.ts'
import type { Run } from '../contract/types.ts'
import { blindTasks, type RunStratum } from '../evaluations/tallies.ts'
import type { RunDefinition } from './focus.ts'
import type { RunError, RunProgress, RunRow } from './run.ts'

/** The run as the API shows it. */
export function presentRun(run: RunRow, notifications: Notification[]): Run {
  const webhook = run.webhook as { registered: boolean; problem: string | null; remedy: string | null } | null
  return {
    id: run.id,
    monitor: run.monitor,
    status: run.status,
    window: { from: run.window_from, to: run.window_to },
    total: run.total,
    seed: run.seed,
    focus: (run.definition as RunDefinition).focus ?? null,
    progress: run.progress as RunProgress,
    strata: run.strata as Run['strata'],
    tasks_blind: blindTasks(run.strata as RunStratum[]),
    malformed: run.malformed as Run['malformed'],
    project:
      run.project_id === null
        ? null
        : { id: run.project_id, title: run.project_title ?? '', url: run.project_url ?? '' },
    webhook: webhook && { registered: webhook.registered, problem: webhook.problem, remedy: webhook.remedy },
    notifications,
    warnings: run.warnings as string[],
    message: run.message,
    error: (run.error as RunError | null)?.message ?? null,
    created_at: run.created_at.toISOString(),
    started_at: run.started_at?.toISOString() ?? null,
    finished_at: run.finished_at?.toISOString() ?? null,
  }
}
