import type { FollowUpJobs } from '../../src/annotations/follow-up.ts'
import { outdatedProjects } from '../../src/annotations/recompute.ts'

export type Job =
  | ['readTasks', { project: number; tasks: number[] }]
  | ['readProject' | 'reconcile' | 'recompute', { project: number }]

/** Keeps the jobs that events leave behind as the queue has them: of those on a whole project one of a name waits. */
export function collectingJobs(): { jobs: FollowUpJobs; waiting: Job[] } {
  const waiting: Job[] = []
  const once = async (name: 'readProject' | 'reconcile' | 'recompute', project: number) => {
    if (!waiting.some(([other, data]) => other === name && data.project === project)) {
      waiting.push([name, { project }])
    }
  }
  const jobs: FollowUpJobs = {
    async readTasks(_tx, project, tasks) {
      waiting.push(['readTasks', { project, tasks }])
    },
    readProject: (_tx, project) => once('readProject', project),
    reconcile: (_tx, project) => once('reconcile', project),
    async reconcileAll(tx) {
      const rows = await tx.selectFrom('projects').select('project_id').orderBy('project_id').execute()
      for (const { project_id } of rows) await once('reconcile', project_id)
    },
    async recomputeAll(tx) {
      for (const project of await outdatedProjects(tx)) await once('recompute', project)
    },
  }
  return { jobs, waiting }
}
