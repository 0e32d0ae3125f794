import type { Run } from '../../src/contract/types.ts'
import { NO_PROGRESS } from '../../src/runs/run.ts'

/** A run as the service shows it. */
export function runOf({
  progress,
  ...fields
}: Partial<Omit<Run, 'progress'>> & { progress?: Partial<Run['progress']> } = {}): Run {
  return {
    id: '6d0d8a7c-4b7e-4c1e-8f0e-2a6d5c9b1e33',
    monitor: 'qa-model',
    status: 'queued',
    window: { from: '2024-11-11', to: '2024-11-12' },
    total: 200,
    seed: 7,
    progress: { ...NO_PROGRESS, ...progress },
    strata: [],
    tasks_blind: 0,
    malformed: [],
    project: null,
    webhook: null,
    notifications: [],
    focus: null,
    warnings: [],
    message: null,
    error: null,
    created_at: '2024-11-18T06:00:00.000Z',
    started_at: null,
    finished_at: null,
    ...fields,
  }
}

export const queued = runOf()
export const scanning = runOf({
  status: 'scanning',
  progress: { objects_total: 7, objects_done: 3, bytes_total: 48e6, bytes_done: 12.34e6, records_seen: 2310 },
})
export const importing = runOf({
  status: 'importing',
  progress: { ...scanning.progress, objects_done: 7, bytes_done: 48e6, tasks_total: 200, tasks_imported: 50 },
})
export const ready = runOf({
  status: 'ready',
  progress: { ...importing.progress, tasks_imported: 200, records_seen: 2310 },
  strata: [
    { key: '2024-11-11', seen: 1200, sampled: 100 },
    { key: '2024-11-12', seen: 1110, sampled: 100 },
  ],
  project: { id: 12, title: 'QA model 2024-11-11..2024-11-12', url: 'http://localhost:8080/projects/12' },
  webhook: { registered: true, problem: null, remedy: null },
})
export const failed = runOf({ status: 'failed', error: 'The bucket logs is not there: set source.bucket.' })
