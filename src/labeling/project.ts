import { type ImportTask, type LabelStudio, LabelStudioError, type LabelStudioProject } from './client.ts'

/** Label Studio's limits of a project title, in characters. */
const TITLE_MIN = 3
const TITLE_MAX = 50

/**
 * The actions that move a number. Not "all actions": a hook on LABEL_LINK_CREATED makes Label Studio 1.23 answer
 * 500 to whoever creates a label.
 */
const ACTIONS = [
  'ANNOTATION_CREATED',
  'ANNOTATION_UPDATED',
  'ANNOTATIONS_CREATED',
  'ANNOTATIONS_DELETED',
  'TASKS_CREATED',
  'TASKS_DELETED',
  'PROJECT_UPDATED',
]

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

/**
 * The project of a run: the one that an earlier, interrupted attempt made, recognised by the run's id in its
 * description, or a new one.
 *
 * @param uncertain whether an earlier attempt may have made it
 */
export async function ensureProject(
  labelStudio: LabelStudio,
  fields: { title: string; description: string; label_config: string },
  runId: string,
  uncertain: boolean,
): Promise<LabelStudioProject> {
  if (uncertain) {
    const candidates = await labelStudio.projectsTitled(fields.title)
    const own = candidates
      .filter((project) => project.description.includes(runId))
      .sort((a, b) => a.id - b.id)[0]
    if (own) return own
  }
  return labelStudio.createProject(fields)
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

/** How Label Studio tells the service about a project. */
export interface WebhookState {
  registered: boolean
  id: number | null
  /** Why not, in Label Studio's words. */
  problem: string | null
  /** What to do about it. */
  remedy: string | null
}

/**
 * Registers the service's webhook in a project, once: one that is there is switched on and set right.
 * A refusal is an answer, not an error: the project is then polled.
 *
 * @throws LabelStudioError when Label Studio can't be reached
 */
export async function ensureWebhook(
  labelStudio: LabelStudio,
  project: number,
  hook: { url: string; secret: string },
): Promise<WebhookState> {
  const wanted = {
    url: hook.url,
    project,
    headers: { 'X-Webhook-Secret': hook.secret },
    send_payload: true,
    send_for_all_actions: false,
    is_active: true,
    actions: ACTIONS,
  }
  try {
    const [own] = (await labelStudio.webhooks(project)).filter((each) => each.url === hook.url)
    if (own) {
      const { project: _, ...changes } = wanted
      await labelStudio.updateWebhook(own.id, changes)
      return { registered: true, id: own.id, problem: null, remedy: null }
    }
    const created = await labelStudio.createWebhook(wanted)
    return { registered: true, id: created.id, problem: null, remedy: null }
  } catch (error) {
    if (!(error instanceof LabelStudioError)) throw error
    const remedy = webhookRemedy(error.message, hook.url)
    if (!remedy && error.kind !== 'refused') throw error
    return {
      registered: false,
      id: null,
      problem: error.message,
      remedy: remedy ?? 'Check PUBLIC_URL: it must be a URL under which Label Studio reaches this service.',
    }
  }
}

/**
 * Asks Label Studio whether it would take webhooks to a URL, without registering one: the request names a project that
 * there can't be, so that it is refused in any case, and the refusal tells all that is wrong with it.
 *
 * @returns what is wrong with the URL and what to do; null: nothing
 * @throws LabelStudioError when Label Studio does not say
 */
export async function webhookProblem(
  labelStudio: LabelStudio,
  url: string,
): Promise<{ problem: string; remedy: string } | null> {
  const nowhere = { project: 0, headers: {}, send_payload: true, send_for_all_actions: false, actions: [] }
  try {
    await labelStudio.createWebhook({ ...nowhere, url, is_active: false })
  } catch (error) {
    if (!(error instanceof LabelStudioError)) throw error
    const remedy = webhookRemedy(error.message, url)
    if (remedy) return { problem: error.message, remedy }
    if (error.kind !== 'refused') throw error
  }
  return null
}

function webhookRemedy(message: string, url: string): string | null {
  if (message.includes('reserved network address')) {
    return `Label Studio refuses webhooks to private addresses: start it with SSRF_PROTECTION_ENABLED=false, or set PUBLIC_URL to a public address of this service (now ${url}).`
  }
  if (message.includes('Enter a valid URL')) {
    return `Label Studio takes only host names with a dot, localhost or an IP address: set PUBLIC_URL to such a URL (now ${url}).`
  }
  if (message.includes("Can't resolve hostname")) {
    return `Label Studio can't resolve the host of ${url}: set PUBLIC_URL to a name that it knows.`
  }
  return null
}
