import type { ImportTask, LabelStudio, LabelStudioProject } from './client.ts'

/** Label Studio's limits of a project title, in characters. */
const TITLE_MIN = 3
const TITLE_MAX = 50

/** `<title> <from>..<to>`, with the title cut so that Label Studio takes the whole. */
export function projectTitle(title: string, window: { from: string; to: string }): string {
  const dates = window.from === window.to ? window.from : `${window.from}..${window.to}`
  const room = TITLE_MAX - dates.length - 1
  const characters = [...title.trim().replace(/\s+/g, ' ')]
  const head =
    characters.length > room
      ? `${characters
          .slice(0, room - 1)
          .join('')
          .trimEnd()}…`
      : characters.join('')
  return `${head} ${dates}`.trim().padEnd(TITLE_MIN, '.')
}

/** The projects that attempts of a run made, the first one first, recognised by the run's id in their description. */
export async function projectsOfRun(
  labelStudio: LabelStudio,
  title: string,
  runId: string,
): Promise<LabelStudioProject[]> {
  const candidates = await labelStudio.projectsTitled(title)
  return candidates.filter((project) => project.description.includes(runId)).sort((a, b) => a.id - b.id)
}

const PAGE = 1000

/** The keys that this service put into the tasks' `meta`, with the ids of the tasks that carry each. */
export async function taskIdsByKey(
  labelStudio: LabelStudio,
  project: number,
): Promise<Map<string, number[]>> {
  const ids = new Map<string, number[]>()
  for (let page = 1, total = Number.POSITIVE_INFINITY; (page - 1) * PAGE < total; page++) {
    const answer = await labelStudio.tasks(project, { page, pageSize: PAGE, fields: 'identity' })
    total = answer.total
    for (const task of answer.tasks) {
      const key = task.meta?.key
      if (typeof key === 'string') ids.set(key, [...(ids.get(key) ?? []), task.id])
    }
  }
  return ids
}

/** A task as Label Studio imports it; without regions there is no prediction to show. */
export function importTask(task: {
  data: Record<string, unknown>
  meta: Record<string, unknown>
  result: ImportTask['predictions'][number]['result']
  score: number | null
  model_version: string
}): ImportTask {
  const { data, meta, result, score, model_version } = task
  return {
    data,
    meta,
    predictions: result.length === 0 ? [] : [{ model_version, result, ...(score === null ? {} : { score }) }],
  }
}
