import { randomUUID } from 'node:crypto'
import { type AuditDifference, audit } from '../../src/annotations/audit.ts'
import { createFollowUpWork } from '../../src/annotations/follow-up.ts'
import { createProcessor } from '../../src/annotations/process.ts'
import { reconcile } from '../../src/annotations/reconcile.ts'
import { lockProject } from '../../src/annotations/store.ts'
import type { Database } from '../../src/db/database.ts'
import { tallyRows } from '../../src/evaluations/lead-times.ts'
import type { Addend } from '../../src/evaluations/tally.ts'
import { LabelStudioError } from '../../src/labeling/client.ts'
import { silent } from '../support/log.ts'
import { collectingJobs, type Job } from './collecting-jobs.ts'
import { FakeLabelStudio } from './fake-label-studio.ts'
import type { Body } from './fake-webhooks.ts'
import { act, CONFIGS, type Move, predictionOf } from './history.ts'
import { onePass, type Run, type Sums } from './one-pass.ts'

/** As the service registers it. */
export const WEBHOOK = { url: 'http://monitor.test/webhook', secrets: ['new-secret', 'old-secret'] }

let lastProject = 0

/** A Label Studio with one project, and the service that follows it, moved one step at a time. */
export class World {
  readonly project: number
  readonly fake: FakeLabelStudio
  readonly waiting: Job[]
  /** Whether the service has heard of the project. */
  isKnown = false
  private run: Run | null = null
  private readonly database: Database
  private readonly moves: Move[]
  private readonly processor
  private readonly work
  private now = 0
  private unsent: { build: () => Body | null; move: Move }[] = []
  private underWay: { due: number; body: Body }[] = []

  constructor(database: Database, moves: Move[], clockUs: number) {
    lastProject += 2
    this.project = lastProject
    this.database = database
    this.moves = [...moves]
    this.fake = new FakeLabelStudio(clockUs)
    const { jobs, waiting } = collectingJobs()
    this.waiting = waiting
    this.processor = createProcessor(database, jobs, silent)
    this.work = createFollowUpWork({ database, labelStudio: this.fake.api, webhook: WEBHOOK }, silent)
    this.fake.createProject(this.project, CONFIGS[0] as string)
    this.fake.createProject(this.project + 1, CONFIGS[0] as string)
    this.fake.importTasks(this.project + 1, [{}])
  }

  /** Predictions that somebody imported, in a project that the service has not heard of. */
  startForeign(): void {
    const tasks = [1, 2, 3].map((n) => ({ predictions: [predictionOf(n), predictionOf(n + 7)] }))
    this.fake.importTasks(this.project, tasks)
  }

  /** What a run leaves behind. */
  async startRun(): Promise<void> {
    const id = randomUUID()
    const planned = [3, 8, 20, 33].map((n, position) => ({
      position,
      key: `key ${position}`,
      stratum: `day ${n % 2}`,
      blind: position === 1,
      ...predictionOf(n),
    }))
    this.run = { imported: new Map(planned.map((task) => [task.key, task])), mapped: ['answer', 'topic'] }
    const definition = JSON.stringify({ thresholds: [] })
    const { kysely } = this.database
    await kysely
      .insertInto('runs')
      .values({
        ...{
          id,
          monitor: 'm',
          definition,
          status: 'ready',
          window_from: '2026-11-01',
          window_to: '2026-11-02',
        },
        ...{ total: 4, seed: 1, request_hash: '', progress: '{}' },
      })
      .execute()
    await kysely
      .insertInto('run_tasks')
      .values(
        planned.map(({ result, ...task }) => ({
          ...task,
          ...{ run_id: id, data: '{}', meta: '{}', result: JSON.stringify(result) },
        })),
      )
      .execute()
    await kysely.transaction().execute(async (tx) => {
      await lockProject(tx, this.project)
      await tx
        .updateTable('projects')
        .set({ run_id: id, mapped_controls: JSON.stringify(this.run?.mapped), adopted: true })
        .where('project_id', '=', this.project)
        .execute()
    })
    this.fake.importTasks(
      this.project,
      planned.map(({ key, result, blind }) => ({
        data: { q: key },
        meta: { key },
        predictions: blind ? [] : [{ model_version: 'label', result }],
      })),
    )
    await this.reconcile()
    this.isKnown = true
  }

  /** Does all moves; at the end everything has arrived, is processed, and no job waits. */
  async play(): Promise<void> {
    this.fake.meanwhile = async (when) => {
      while (this.moves[0]?.whileReading === when) await this.step()
    }
    while (this.moves.length > 0) await this.step()
    this.fake.meanwhile = async () => {}
    this.send()
    await this.deliver(Number.POSITIVE_INFINITY)
    while ((await this.processor.sweep()) || (await this.doJob())) {}
  }

  reconcile(options: { leaveWebhook?: boolean } = {}) {
    const deps = { database: this.database, labelStudio: this.fake.api, webhook: WEBHOOK }
    return reconcile(deps, this.project, options)
  }

  private async step(): Promise<void> {
    const move = this.moves.shift() as Move
    this.now++
    // Mostly people take their time.
    this.fake.wait(move.b % 4 === 0 ? 0.1 : 20)
    const builds = act(this.fake, this.project, move)
    this.send()
    this.unsent.push(...builds.map((build) => ({ build, move })))
    if (!move.isLate) this.send()
    await this.deliver(this.now)
    if (move.kind === 'reconcile' && this.isKnown) this.waiting.push(['reconcile', { project: this.project }])
    if (move.sweep) while (await this.processor.sweep()) {}
    if (move.work) await this.doJob()
  }

  /** Builds the bodies from the state there is, and sends them on their way. */
  private send(): void {
    for (const { build, move } of this.unsent.splice(0)) {
      const body = build()
      if (!body || move.isLost) continue
      this.underWay.push({ due: this.now + move.delay, body })
      if (move.again !== null) this.underWay.push({ due: this.now + move.again, body })
    }
  }

  private async deliver(until: number): Promise<void> {
    const arrived = this.underWay.filter(({ due }) => due <= until).sort((a, b) => a.due - b.due)
    this.underWay = this.underWay.filter(({ due }) => due > until)
    for (const { body } of arrived) await this.receive(body)
  }

  /** Has an event processed. */
  async tell(body: Body | null): Promise<void> {
    await this.receive(body as Body)
    await this.processor.sweep()
  }

  private async receive(body: Body): Promise<void> {
    const project = (body.project as { id: number } | undefined)?.id ?? null
    this.isKnown ||= project !== null
    await this.database.kysely
      .insertInto('events')
      .values({ action: String(body.action), project_id: project, body: Buffer.from(JSON.stringify(body)) })
      .execute()
  }

  /** @returns whether one was waiting */
  private async doJob(): Promise<boolean> {
    const job = this.waiting.shift()
    if (!job) return false
    const { signal } = new AbortController()
    try {
      if (job[0] === 'readTasks') await this.work.readTasks(job[1], signal)
      else await this.work[job[0]](job[1], signal)
    } catch (error) {
      if (!(error instanceof LabelStudioError)) throw error
      this.waiting.push(job)
    }
    return true
  }

  expected(): Sums {
    return onePass(this.fake, this.project, this.run)
  }

  async tallies(): Promise<Sums> {
    const rows = await this.database.kysely
      .selectFrom('tallies')
      .selectAll()
      .where('project_id', '=', this.project)
      .execute()
    return Object.fromEntries(
      rows
        .filter(({ count, changed, amount }) => count !== 0 || changed !== 0 || amount !== 0)
        .map(({ dimension, key, count, changed, amount }) => [
          `${dimension} ${key}`,
          [count, changed, amount],
        ]),
    )
  }

  /** Where kept counts are not what the stored annotations say. */
  async audit(): Promise<AuditDifference[]> {
    const found: AuditDifference[] = []
    await audit(this.database, { project: this.project, report: (difference) => found.push(difference) })
    return found
  }

  /** The sum of what the tasks are noted to contribute. */
  async contributions(): Promise<Sums> {
    const rows = await this.database.kysely
      .selectFrom('tasks')
      .select('contribution')
      .where('project_id', '=', this.project)
      .execute()
    const sums: Sums = {}
    for (const [dimension, key, ...numbers] of tallyRows(
      rows.flatMap((row) => row.contribution as Addend[]),
    )) {
      const sum = sums[`${dimension} ${key}`] ?? [0, 0, 0]
      sums[`${dimension} ${key}`] = sum
      numbers.forEach((number, index) => {
        sum[index as 0] += number
      })
    }
    return sums
  }

  async remove(): Promise<void> {
    await this.database.kysely.deleteFrom('events').execute()
    await this.database.kysely.deleteFrom('projects').where('project_id', '=', this.project).execute()
    await this.database.kysely.deleteFrom('runs').execute()
  }
}
