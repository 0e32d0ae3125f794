import type { Logger } from 'pino'
import type { Database, Transaction } from '../db/database.ts'
import type { Queue } from '../jobs/queue.ts'
import { type LabelStudio, LabelStudioError } from '../labeling/client.ts'
import { readTasks, recompute, reconcile } from './reconcile.ts'

/** The work that events leave behind; sent with the transaction that found it necessary. */
export interface FollowUpJobs {
  readTasks(tx: Transaction, project: number, tasks: number[]): Promise<void>
  reconcile(tx: Transaction, project: number): Promise<void>
  reconcileAll(tx: Transaction): Promise<void>
  recompute(tx: Transaction, project: number): Promise<void>
}

interface ProjectJob {
  project: number
}
interface TasksJob extends ProjectJob {
  tasks: number[]
}

export function createFollowUpJobs(
  { database, labelStudio, queue }: { database: Database; labelStudio: LabelStudio; queue: Queue },
  log: Logger,
): FollowUpJobs {
  const dependencies = { database, labelStudio }
  const retry = { limit: 20, delaySeconds: 5, backoff: true }

  queue.define<TasksJob>('read-tasks', {
    retry,
    concurrency: 2,
    handler: async ({ project, tasks }) => {
      await readTasks(dependencies, project, tasks)
    },
  })
  queue.define<ProjectJob>('reconcile', {
    retry,
    concurrency: 1,
    handler: async ({ project }, { signal }) => {
      try {
        const report = await reconcile(dependencies, project, { signal })
        log.info(report, 'reconciled')
      } catch (error) {
        if (!(error instanceof LabelStudioError && error.kind === 'missing')) throw error
        log.warn({ project }, 'Label Studio has no such project any more')
        await forgetOrFreeze(database, project)
      }
    },
  })
  queue.define<ProjectJob>('recompute', {
    retry,
    concurrency: 1,
    handler: async ({ project }, { signal }) => {
      await recompute(database, project, signal)
    },
  })

  return {
    readTasks: async (tx, project, tasks) => {
      await queue.send('read-tasks', { project, tasks }, { transaction: tx })
    },
    reconcile: async (tx, project) => {
      await queue.send('reconcile', { project }, { transaction: tx, singletonKey: `project ${project}` })
    },
    async reconcileAll(tx) {
      const rows = await tx.selectFrom('projects').select('project_id').where('gone', '=', false).execute()
      for (const { project_id } of rows) {
        await queue.send(
          'reconcile',
          { project: project_id },
          { transaction: tx, singletonKey: `project ${project_id}` },
        )
      }
    },
    recompute: async (tx, project) => {
      await queue.send('recompute', { project }, { transaction: tx, singletonKey: `project ${project}` })
    },
  }
}

/** A project that was never read is no project; one that was keeps its last numbers, and is asked about no more. */
async function forgetOrFreeze(database: Database, project: number): Promise<void> {
  await database.kysely
    .deleteFrom('projects')
    .where('project_id', '=', project)
    .where('adopted', '=', false)
    .execute()
  await database.kysely
    .updateTable('projects')
    .set({ gone: true, polled: false, webhook_active: false })
    .where('project_id', '=', project)
    .execute()
}
