import { randomUUID } from 'node:crypto'
import { type Selectable, sql } from 'kysely'
import { noteChangedMonitor } from '../alerts/watches.ts'
import type { components } from '../contract/schema.ts'
import type { Database } from '../db/database.ts'
import { toJsonb } from '../db/json.ts'
import type { MonitorsTable } from '../db/tables.ts'
import type { Mapping } from '../labeling/mapping.ts'
import { keepSecrets, maskSecrets, openSecrets, sealSecrets } from './secrets.ts'

type MonitorRow = Selectable<MonitorsTable>
type Schemas = components['schemas']

/** A monitor as somebody writes it: what has a default may be left out. */
export type MonitorDraft = Pick<Schemas['MonitorInput'], 'name' | 'labeling'> & {
  title?: string | null
  source: SourceDraft
  format?: FormatDraft | undefined
  sample?: Partial<Schemas['Sample']>
  mapping?: Partial<NonNullable<Schemas['Mapping']>> | null
  window?: Partial<Schemas['WindowRule']>
  confidence?: number
  thresholds?: (Partial<Schemas['Threshold']> & { metric: string })[]
  notify?: { emails?: string[]; webhooks?: (Partial<Webhook> & { url: string })[] }
}
type SourceInput = Schemas['SourceInput']
type Draft<T, Needed extends keyof T> = Partial<T> & Pick<T, Needed>
type SourceDraft =
  | Draft<Schemas['S3SourceInput'], 'type' | 'bucket' | 'key_pattern'>
  | Schemas['FileSource']
  | Draft<Schemas['HttpSourceInput'], 'type'>
  | Draft<Schemas['SqlSourceInput'], 'type' | 'url' | 'query'>
  | Draft<Schemas['ModuleSource'], 'type' | 'path'>
type FormatDraft = Partial<Schemas['Format']>

/** Where announcements go. */
export interface Webhook {
  url: string
  /** One or several, separated by spaces; null: calls are not signed. */
  secret: string | null
  /** RFC 3339; since when it is not called, because its receiver wants no more. */
  disabled_at: string | null
}

/** A monitor with all its defaults filled in. */
export interface Definition {
  name: string
  title: string
  source: SourceInput
  format: Schemas['Format']
  sample: Schemas['Sample']
  labeling: { config: string | null; copy_from_project: number | null }
  mapping: Schemas['Mapping']
  window: Schemas['WindowRule']
  confidence: number
  thresholds: Schemas['Threshold'][]
  notify: { emails: string[]; webhooks: Webhook[] }
}

export interface Monitor {
  id: string
  version: number
  created_at: Date
  updated_at: Date
  /** With its secrets sealed. */
  definition: Definition
}

/** What happened to a change of a monitor. */
export type Change = { monitor: Monitor } | 'missing' | 'changed_meanwhile' | 'name_taken'

export interface Monitors {
  create(input: MonitorDraft): Promise<Monitor | 'name_taken'>
  /** @param reference name or id */
  find(reference: string): Promise<Monitor | undefined>
  /** In the order of their names, from after one of them. */
  list(options: { after: string | null; limit: number }): Promise<Monitor[]>
  /** Replaces the definition, if the monitor is still the version that was read. "***" keeps a stored secret. */
  replace(monitor: Monitor, input: MonitorDraft): Promise<Change>
  remove(monitor: Monitor): Promise<Exclude<Change, 'name_taken'>>
  /** Calls a webhook no more, until somebody starts it again; a change like any other. */
  disableWebhook(id: string, url: string): Promise<void>
  /** The definition with its secrets in clear. @throws UnreadableSecretError when SECRET_KEY is another one */
  open(definition: Definition): Definition
}

/** @param secretKey encrypts the secrets of the definitions at rest */
export function createMonitors(database: Database, secretKey: string): Monitors {
  const { kysely: db } = database
  const toMonitor = (row: MonitorRow): Monitor => ({
    id: row.id,
    version: row.version,
    created_at: row.created_at,
    updated_at: row.updated_at,
    definition: row.definition as Definition,
  })

  return {
    async create(input) {
      const definition = complete(keepSecrets(input))
      const row = await db
        .insertInto('monitors')
        .values({
          id: randomUUID(),
          name: definition.name,
          definition: toJsonb(sealSecrets(definition, secretKey)),
        })
        .onConflict((oc) => oc.column('name').doNothing())
        .returningAll()
        .executeTakeFirst()
      return row ? toMonitor(row) : 'name_taken'
    },
    async find(reference) {
      const row = await db
        .selectFrom('monitors')
        .selectAll()
        .where(isUuid(reference) ? 'id' : 'name', '=', reference)
        .executeTakeFirst()
      return row && toMonitor(row)
    },
    async list({ after, limit }) {
      const rows = await db
        .selectFrom('monitors')
        .selectAll()
        .$if(after !== null, (query) => query.where('name', '>', after as string))
        .orderBy('name')
        .limit(limit)
        .execute()
      return rows.map(toMonitor)
    },
    async replace(monitor, input) {
      const definition = complete(keepSecrets(input, openSecrets(monitor.definition, secretKey)))
      try {
        return await db.transaction().execute(async (tx) => {
          const row = await tx
            .updateTable('monitors')
            .set({
              name: definition.name,
              definition: toJsonb(sealSecrets(definition, secretKey)),
              version: sql<number>`version + 1`,
              updated_at: sql<Date>`clock_timestamp()`,
            })
            .where('id', '=', monitor.id)
            .where('version', '=', monitor.version)
            .returningAll()
            .executeTakeFirst()
          if (!row) return 'changed_meanwhile'
          await noteChangedMonitor(tx, row.id)
          return { monitor: toMonitor(row) }
        })
      } catch (error) {
        if ((error as { code?: string }).code === UNIQUE_VIOLATION) return 'name_taken'
        throw error
      }
    },
    async remove(monitor) {
      const row = await db
        .deleteFrom('monitors')
        .where('id', '=', monitor.id)
        .where('version', '=', monitor.version)
        .returning('id')
        .executeTakeFirst()
      return row ? { monitor } : 'changed_meanwhile'
    },
    async disableWebhook(id, url) {
      await db.transaction().execute(async (tx) => {
        const row = await tx
          .selectFrom('monitors')
          .select('definition')
          .where('id', '=', id)
          .forUpdate()
          .executeTakeFirst()
        if (!row) return
        const { notify, ...rest } = row.definition as Definition
        const disabled_at = new Date().toISOString()
        const webhooks = notify.webhooks.map((each) => (each.url === url ? { ...each, disabled_at } : each))
        await tx
          .updateTable('monitors')
          .set({
            definition: toJsonb({ ...rest, notify: { ...notify, webhooks } }),
            version: sql<number>`version + 1`,
            updated_at: sql<Date>`clock_timestamp()`,
          })
          .where('id', '=', id)
          .execute()
      })
    },
    open: (definition) => openSecrets(definition, secretKey),
  }
}

const UNIQUE_VIOLATION = '23505'

/** The definition with its defaults: the only place that knows them besides the contract. */
export function complete(draft: MonitorDraft): Definition {
  return {
    name: draft.name,
    title: draft.title ?? draft.name,
    source: { ...SOURCE_DEFAULTS[draft.source.type], ...draft.source } as SourceInput,
    format: completeFormat(draft),
    sample: {
      total: 200,
      by: 'date',
      allocation: 'even',
      seed: null,
      where: null,
      blind_fraction: 0,
      ...draft.sample,
    },
    labeling: {
      config: draft.labeling.config ?? null,
      copy_from_project: draft.labeling.copy_from_project ?? null,
    },
    mapping: draft.mapping
      ? { data: null, prediction: null, model_version: null, score: null, ...draft.mapping }
      : null,
    window: { days: 7, timezone: 'UTC', ...draft.window },
    confidence: draft.confidence ?? 0.95,
    thresholds: (draft.thresholds ?? [{ metric: 'change_rate', max: 0.75 }]).map((threshold) => ({
      max: null,
      min: null,
      warn: null,
      min_reviewed: 30,
      model_version: null,
      stratum: null,
      renotify_hours: null,
      ...threshold,
    })),
    notify: {
      emails: draft.notify?.emails ?? [],
      webhooks: (draft.notify?.webhooks ?? []).map((webhook) => ({
        secret: null,
        disabled_at: null,
        ...webhook,
      })),
    },
  }
}

const SOURCE_DEFAULTS: Record<SourceInput['type'], object> = {
  s3: { prefix: '', endpoint: null, region: null, credentials: null, requester_pays: false },
  file: {},
  http: { urls: null, url_pattern: null, manifest: null, key_pattern: null, headers: null },
  sql: { timeout_s: 300 },
  module: { options: {}, key_pattern: null },
}

const FORMAT_DEFAULTS: Record<Schemas['Format']['type'], object> = {
  template: { record_start: null, fields: null },
  jsonl: {},
  json: {},
  csv: { delimiter: ',', header: true, columns: null },
  regex: { record_start: null },
  parquet: {},
  otlp: {},
  module: { options: {} },
}

/** Rows of a query and records of a module come as JSON lines. */
function completeFormat({ source, format }: Pick<MonitorDraft, 'source' | 'format'>): Schemas['Format'] {
  const type = format?.type ?? (source.type === 'sql' || source.type === 'module' ? 'jsonl' : 'template')
  const common = { timestamp_field: null, max_record_bytes: 1_048_576 }
  return { ...common, ...FORMAT_DEFAULTS[type], ...format, type } as Schemas['Format']
}

/** The parts of a mapping that are given; the others are to be derived. */
export function givenMapping(mapping: MonitorDraft['mapping']): Partial<Mapping> {
  const given = Object.entries(mapping ?? {}).filter(([, part]) => part !== null && part !== undefined)
  return Object.fromEntries(given) as Partial<Mapping>
}

/** The monitor as the API shows it: without its secrets. */
export function presentMonitor({ id, version, created_at, updated_at, definition }: Monitor) {
  return {
    id,
    ...maskSecrets(definition),
    version,
    created_at: created_at.toISOString(),
    updated_at: updated_at.toISOString(),
  } as components['schemas']['Monitor']
}

function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(text)
}
