import { sql } from 'kysely'
import { projectFacts } from '../annotations/retally.ts'
import type { ProjectRow } from '../annotations/store.ts'
import type { Database } from '../db/database.ts'
import { dataHash } from '../labeling/data-hash.ts'
import { importTask } from '../labeling/project.ts'
import type { Region } from '../labeling/types.ts'
import { type ComparedTask, listComparedTasks } from './tasks.ts'
import { type Message, wordingOf } from './wording.ts'

export type ExportFormat = 'jsonl' | 'chat' | 'preference' | 'label-studio'
export type Split = 'train' | 'validation'

export interface ExportOptions {
  format: ExportFormat
  changed: boolean | null
  blind: boolean | null
  split: Split | null
}

/** Pages grow until they are about so many characters of JSON, and shrink above. */
const PAGE_CHARACTERS = 1_000_000
const FIRST_PAGE = 8
const LARGEST_PAGE = 500

/**
 * The compared tasks of a project as JSON lines, in the order of their ids: a page of lines at a time, of which no more
 * than one is held. Asked for the next page only when the last one was taken.
 */
export async function* exportLines(
  db: Database['kysely'],
  project: ProjectRow,
  { format, changed, blind, split }: ExportOptions,
): AsyncGenerator<string> {
  if (format === 'preference' && changed === false) return
  const line = await lineMaker(db, project, format)
  const wanted = format === 'preference' ? true : changed
  let after: number | null = null
  let limit = FIRST_PAGE
  for (;;) {
    const page: ComparedTask[] = await listComparedTasks(db, project.project_id, {
      after,
      limit,
      changed: wanted,
      blind,
    })
    const chosen = page.filter(({ data }) => split === null || splitOf(data) === split)
    const text = (await line(chosen)).map(toLine).join('')
    if (text !== '') yield text
    if (page.length < limit) return
    after = (page.at(-1) as ComparedTask).task_id
    const isLarge = JSON.stringify(page).length > PAGE_CHARACTERS
    limit = isLarge ? Math.max(1, limit >> 1) : Math.min(LARGEST_PAGE, limit * 2)
  }
}

/** A tenth is for validation, by the hash of the data: the same question is never on both sides. */
export function splitOf(data: unknown): Split {
  return Number.parseInt(dataHash(data).slice(0, 8), 16) / 2 ** 32 < 0.1 ? 'validation' : 'train'
}

type LineMaker = (tasks: ComparedTask[]) => object[] | Promise<object[]>

async function lineMaker(
  db: Database['kysely'],
  project: ProjectRow,
  format: ExportFormat,
): Promise<LineMaker> {
  const { prompt, answer } = wordingOf(project.label_config, projectFacts(project).predicted)
  // All lines or none say it, because readers take the columns from the first lines.
  const hasBlind = await anyBlind(db, project.project_id)
  const mark = ({ blind }: ComparedTask) => (hasBlind ? { blind } : {})
  switch (format) {
    case 'jsonl':
      return (tasks) =>
        tasks.map((task) => ({
          data: task.data,
          prediction: comparedOf(task).prediction,
          annotation: task.annotation ?? [],
          changed: comparedOf(task).changed,
          split: splitOf(task.data),
          ...mark(task),
        }))
    case 'chat':
      return (tasks) =>
        tasks.map(({ data, annotation }) => ({
          messages: [
            ...asMessages('user', prompt(data)),
            ...asMessages('assistant', answer(annotation ?? [])),
          ],
        }))
    case 'preference':
      return (tasks) =>
        tasks.map((task) => ({
          prompt: prompt(task.data),
          chosen: answer(task.annotation ?? []),
          rejected: answer(comparedOf(task).prediction),
          task: task.task_id,
          model_version: comparedOf(task).model_version,
          ...mark(task),
        }))
    case 'label-studio':
      return (tasks) => toImport(db, project.project_id, tasks, mark)
  }
}

function comparedOf({ task_id, outcome }: ComparedTask) {
  if (!outcome.compared) throw new Error(`task ${task_id} is marked as compared but has no comparison`)
  return outcome.compared
}

function asMessages(role: string, words: string | Message[]): Message[] {
  return typeof words === 'string' ? [{ role, content: words }] : words
}

async function anyBlind(db: Database['kysely'], project: number): Promise<boolean> {
  const row = await db
    .selectFrom('tallies')
    .select('count')
    .where('project_id', '=', project)
    .where('dimension', '=', 'coverage')
    .where('key', '=', 'blind')
    .where('count', '>', 0)
    .executeTakeFirst()
  return row !== undefined
}

/**
 * Tasks with the prediction and every annotation that exists: imported anew, those that are not blind are evaluated to
 * the same numbers.
 */
async function toImport(
  db: Database['kysely'],
  project: number,
  tasks: ComparedTask[],
  mark: (task: ComparedTask) => object,
): Promise<object[]> {
  const rows = await db
    .selectFrom('annotations')
    .select(['task_id', 'result', 'was_cancelled', 'ground_truth', 'lead_time_ms'])
    .where('project_id', '=', project)
    .where('task_id', '=', sql<number>`any(${tasks.map(({ task_id }) => task_id)}::bigint[])`)
    .where('deleted', '=', false)
    .orderBy('annotation_id')
    .execute()
  const annotations = Map.groupBy(rows, ({ task_id }) => task_id)
  return tasks.map((task) => {
    const { prediction, model_version } = comparedOf(task)
    const meta = { project, task: task.task_id, model_version, split: splitOf(task.data), ...mark(task) }
    return {
      ...importTask({
        data: task.data,
        meta,
        result: prediction as Region[],
        score: task.score,
        model_version,
      }),
      annotations: (annotations.get(task.task_id) ?? []).map(
        ({ task_id: _, lead_time_ms, ...annotation }) => ({
          ...annotation,
          ...(lead_time_ms === null ? {} : { lead_time: lead_time_ms / 1000 }),
        }),
      ),
    }
  })
}

/** JSON leaves these as they are, and readers that split text into lines would break at them. */
const LINE_ENDS = /[\u0085\u2028\u2029]/g

function toLine(value: object): string {
  const escaped = (end: string) => `\\u${end.charCodeAt(0).toString(16).padStart(4, '0')}`
  return `${JSON.stringify(value).replace(LINE_ENDS, escaped)}\n`
}
