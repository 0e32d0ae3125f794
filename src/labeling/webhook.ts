import { type LabelStudio, LabelStudioError, type LabelStudioWebhook } from './client.ts'

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

/** How Label Studio is to tell the service what happens in a project. */
export interface OwnWebhook {
  readonly url: string
  /** Label Studio presents one of them; the first is the one to register. */
  readonly secrets: readonly string[]
}

/** What was wrong with the service's webhook, and no longer is. */
export type WebhookRepair = 'registered' | 'switched_on' | 'corrected' | 'double_removed'

/** How Label Studio tells the service about a project. */
export interface WebhookState {
  registered: boolean
  id: number | null
  /** Why not, in Label Studio's words. */
  problem: string | null
  /** What to do about it. */
  remedy: string | null
}

export interface ArmedWebhook extends WebhookState {
  /** Whether any webhook of the project reaches the service, its own or one that somebody registered. */
  active: boolean
  repaired: WebhookRepair[]
}

/**
 * Sees to it that the service's webhook is in a project: there, once, switched on and as it has to be.
 * A refusal is an answer, not an error: the project is then polled.
 *
 * @param knownId under which it was registered, to know it again when its URL was changed
 * @throws LabelStudioError when Label Studio can't be reached
 */
export async function armWebhook(
  labelStudio: LabelStudio,
  project: number,
  own: OwnWebhook,
  knownId: number | null,
): Promise<ArmedWebhook> {
  const wanted = {
    url: own.url,
    project,
    headers: { 'X-Webhook-Secret': own.secrets[0] as string },
    send_payload: true,
    send_for_all_actions: false,
    is_active: true,
    actions: ACTIONS,
  }
  const hooks = await labelStudio.webhooks(project)
  const ours = hooks
    .filter(({ id, url }) => id === knownId || url === own.url)
    .sort((a, b) => Number(b.id === knownId) - Number(a.id === knownId) || a.id - b.id)
  const [kept, ...doubles] = ours
  try {
    const repaired: WebhookRepair[] = []
    let id = kept?.id
    if (kept === undefined) {
      ;({ id } = await labelStudio.createWebhook(wanted))
      repaired.push('registered')
    } else if (!isAs(wanted, kept)) {
      const { project: _, ...changes } = wanted
      await labelStudio.updateWebhook(kept.id, changes)
      if (!kept.is_active) repaired.push('switched_on')
      if (!isAs(wanted, { ...kept, is_active: true })) repaired.push('corrected')
    }
    for (const double of doubles) await removeWebhook(labelStudio, double.id)
    if (doubles.length > 0) repaired.push('double_removed')
    return { registered: true, id: id as number, problem: null, remedy: null, active: true, repaired }
  } catch (error) {
    if (!(error instanceof LabelStudioError)) throw error
    const remedy = webhookRemedy(error.message, own.url)
    if (!remedy && error.kind !== 'refused') throw error
    return {
      registered: false,
      id: null,
      problem: error.message,
      remedy: remedy ?? 'Check PUBLIC_URL: it must be a URL under which Label Studio reaches this service.',
      active: hooks.some((hook) => reaches(hook, own)),
      repaired: [],
    }
  }
}

/** Whether a project has a switched-on webhook to the service, by whomever it was registered. */
export async function hasWebhook(
  labelStudio: LabelStudio,
  project: number,
  own: OwnWebhook,
): Promise<boolean> {
  return (await labelStudio.webhooks(project)).some((hook) => reaches(hook, own))
}

/** Under whatever name somebody reaches the service: who presents one of its secrets means it. */
function reaches({ url, headers, is_active }: LabelStudioWebhook, own: OwnWebhook): boolean {
  const said = [url, ...Object.values(headers ?? {}).flatMap((text) => [text, decoded(text)])]
  const presents = (secret: string) =>
    said.some((text) => text.includes(secret) || text.includes(encodeURIComponent(secret)))
  return is_active && own.secrets.some(presents)
}

/** User and password of a Basic authorization. */
function decoded(header: string): string {
  const [, credentials] = /^Basic\s+(.*)$/i.exec(header) ?? []
  return credentials === undefined ? '' : Buffer.from(credentials, 'base64').toString()
}

function isAs(wanted: Omit<LabelStudioWebhook, 'id'>, hook: LabelStudioWebhook): boolean {
  const facts = ({ url, headers, actions, ...flags }: Omit<LabelStudioWebhook, 'id'>) =>
    JSON.stringify([
      url,
      Object.entries(headers ?? {}).sort(),
      actions.toSorted(),
      [flags.send_payload, flags.send_for_all_actions, flags.is_active],
    ])
  return facts(wanted) === facts(hook)
}

async function removeWebhook(labelStudio: LabelStudio, id: number): Promise<void> {
  await labelStudio.deleteWebhook(id).catch((error) => {
    // Another process of the service was quicker.
    if (!(error instanceof LabelStudioError && error.kind === 'missing')) throw error
  })
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
