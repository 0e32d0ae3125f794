import type { Logger } from 'pino'
import type { Database, Transaction } from '../db/database.ts'
import type { Queue } from '../jobs/queue.ts'
import { type LabelStudio, LabelStudioError } from '../labeling/client.ts'
import { readProjectState, readTasks } from './reading.ts'
import { outdatedProjects, recompute } from './recompute.ts'
import { reconcile } from './reconcile.ts'

/** The work that events leave behind; sent with the transaction that found it necessary. */
export interface FollowUpJobs {
  /** Reads the tasks, and what follows from them for the project. */
  readTasks(tx: Transaction, project: number, tasks: number[]): Promise<void>
  /** Reads title, labeling config and model version, and compares anew where they changed. */
  readProject(tx: Transaction, project: number): Promise<void>
  reconcile(tx: Transaction, project: number): Promise<void>
  reconcileAll(tx: Transaction): Promise<void>
  /** Compares tasks anew that a newer version of the service, or one that was killed, has left to be. */
  recomputeAll(tx: Transaction): Promise<void>
}

interface ProjectJob {
  project: number
}
interface TasksJob extends ProjectJob {
  tasks: number[]
}

/** What the jobs do. */
export interface FollowUpWork {
  readTasks(job: TasksJob, signal: AbortSignal): Promise<void>
  readProject(job: ProjectJob, signal: AbortSignal): Promise<void>
  reconcile(job: ProjectJob, signal: AbortSignal): Promise<void>
  recompute(job: ProjectJob, signal: AbortSignal): Promise<void>
}

export function createFollowUpWork(
  deps: { database: Database; labelStudio: LabelStudio },
  log: Pick<Logger, 'info' | 'warn'>,
): FollowUpWork {
  const { database } = deps
  const whileThere = async (project: number, work: () => Promise<void>) => {
    try {
      await work()
    } catch (error) {
      if (!(error instanceof LabelStudioError && error.kind === 'missing')) throw error
      log.warn({ project }, 'Label Studio has no such project any more')
      await forgetOrFreeze(database, project)
    }
  }
  return {
    readTasks: ({ project, tasks }, signal) =>
      whileThere(project, async () => {
        await readTasks(deps, project, tasks, { signal })
        await recompute(database, project, signal)
      }),
    readProject: ({ project }, signal) =>
      whileThere(project, async () => {
        await readProjectState(deps, project)
        await recompute(database, project, signal)
      }),
    reconcile: ({ project }, signal) =>
      whileThere(project, async () => {
        const report = await reconcile(deps, project, { signal })
        log.info(report, 'reconciled')
      }),
    async recompute({ project }, signal) {
      const tasks = await recompute(database, project, signal)
      log.info({ project, tasks }, 'compared anew')
    },
  }
}

/** At most one reconciliation and one reading of a project wait at a time: each finds whatever came before it. */
export function createFollowUpJobs(
  { database, labelStudio, queue }: { database: Database; labelStudio: LabelStudio; queue: Queue },
  log: Logger,
): FollowUpJobs {
  const work = createFollowUpWork({ database, labelStudio }, log)
  const retry = { limit: 20, delaySeconds: 5, backoff: true }
  queue.define<TasksJob>('read-tasks', {
    retry,
    concurrency: 2,
    handler: (job, { signal }) => work.readTasks(job, signal),
  })
  queue.define<ProjectJob>('read-project', {
    retry,
    handler: (job, { signal }) => work.readProject(job, signal),
  })
  queue.define<ProjectJob>('reconcile', {
    retry,
    handler: (job, { signal }) => work.reconcile(job, signal),
  })
  queue.define<ProjectJob>('recompute', {
    retry,
    handler: (job, { signal }) => work.recompute(job, signal),
  })

  const once = (name: string) => async (tx: Transaction, project: number) => {
    await queue.send(name, { project }, { transaction: tx, singletonKey: `project ${project}` })
  }
  const jobs: FollowUpJobs = {
    async readTasks(tx, project, tasks) {
      await queue.send('read-tasks', { project, tasks }, { transaction: tx })
    },
    readProject: once('read-project'),
    reconcile: once('reconcile'),
    async recomputeAll(tx) {
      for (const project of await outdatedProjects(tx)) await once('recompute')(tx, project)
    },
    async reconcileAll(tx) {
      const rows = await tx
        .selectFrom('projects')
        .select('project_id')
        .where('gone', '=', false)
        .orderBy('project_id')
        .execute()
      for (const { project_id } of rows) await jobs.reconcile(tx, project_id)
    },
  }
  return jobs
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
