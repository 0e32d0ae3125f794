import { type Observe, observeWhole } from '../telemetry/observe.ts'
import { SourceError } from './source-error.ts'
import { openFileSource } from './source-file.ts'
import { openHttpSource } from './source-http.ts'
import { openModuleSource } from './source-module.ts'
import { openS3Source } from './source-s3.ts'
import { openSqlSource } from './source-sql.ts'

export { SourceError, type SourceErrorKind } from './source-error.ts'

/** One file or stored object that holds logs. */
export interface LogObject {
  key: string
  /** In bytes as stored; null if unknown before reading. */
  size: number | null
  /** The date in its key, `YYYY-MM-DD`; null if the key pattern holds none. */
  date: string | null
  etag?: string | null
}

/** A place with logs. Every method fails with a SourceError, or with the signal's reason. */
export interface LogSource {
  /** The same for the same place at any time: it is part of each record's identity. */
  id: string
  /**
   * By what a record is known from others: its place in its object (the default), or its content, where there is no lasting order.
   * Of records with equal content each has its own number.
   */
  identity?: 'place' | 'content'
  /**
   * The objects whose key matches the key pattern, in no particular order. With a window, those whose key has a date outside of it
   * may be left out.
   */
  list(signal?: AbortSignal, window?: Window): AsyncIterable<LogObject>
  /**
   * An object's bytes as stored, `from` an offset on and up to `to` or further where `opensFrom`. With `reuse` a chunk need only be
   * valid until two more were read, or, the last two, until the reader takes its buffers back: those in the list are used, and what
   * is missing is taken and entered; or each chunk has its own memory, which is freed then. Either costs less time than memory that is
   * collected.
   */
  open(
    object: LogObject,
    signal?: AbortSignal,
    options?: { reuse?: Buffer[]; from?: number; to?: number | null; window?: Window },
  ): Promise<AsyncIterable<Buffer>>
  /** An object's bytes as stored in `[start, end)`, fewer where it ends before. Without it, objects are only read from their start. */
  range?(object: LogObject, start: number, end: number, signal?: AbortSignal): Promise<Buffer>
  /** Whether `open` takes `from`, so that an object can be read in pieces. */
  opensFrom?: boolean
  close?(): Promise<void>
  /** How many times its stored size an object may become. */
  maxExpansion?: number
}

/** Calendar dates, `YYYY-MM-DD`, both included. */
export interface Window {
  from: string
  to: string
}

export interface S3SourceDefinition {
  type: 's3'
  bucket: string
  prefix?: string | null
  key_pattern?: string | null
  /** URL of an S3 server other than AWS. */
  endpoint?: string | null
  region?: string | null
  /** By default what the AWS SDK finds in its environment. */
  credentials?: { access_key_id: string; secret_access_key: string; session_token?: string | null } | null
  /** Whoever reads pays for it, as the bucket demands. */
  requester_pays?: boolean
}

export interface FileSourceDefinition {
  type: 'file'
  /** A directory below the root, absolute or relative to it. */
  path?: string | null
  key_pattern?: string | null
}

/** One of `urls`, `url_pattern` and `manifest`. */
export interface HttpSourceDefinition {
  type: 'http'
  urls?: string[] | null
  /** With `{YYYY}`, `{MM}`, `{DD}`, `{HH}`: one for each day of the window. */
  url_pattern?: string | null
  /** The URL of a list of URLs. */
  manifest?: string | null
  /** What the path of a URL looks like; where it has a date, the window chooses by it. */
  key_pattern?: string | null
  /** Sent with each request; secret. */
  headers?: Record<string, string> | null
}

export interface SqlSourceDefinition {
  type: 'sql'
  /** `postgresql://…` or `mysql://…`; secret. */
  url: string
  /** With `:from`, the window's first day, and `:to`, the day after its last. */
  query: string
  timeout_s?: number
}

export interface ModuleSourceDefinition {
  type: 'module'
  /** A file below the root of modules, absolute or relative to it. */
  path: string
  options?: Record<string, unknown>
  key_pattern?: string | null
}

/** The `source` of a monitor. */
export type SourceDefinition =
  | S3SourceDefinition
  | FileSourceDefinition
  | HttpSourceDefinition
  | SqlSourceDefinition
  | ModuleSourceDefinition

/** What the operator of the service has set. */
export interface SourceSettings {
  /** The directory below which `file` sources may read. */
  fileRoot: string
  /** `AWS_ENDPOINT_URL_S3` and `AWS_REGION`, for sources that name no endpoint or region. */
  s3Endpoint?: string | null
  s3Region?: string | null
  /** Sees each call of a source, as `<type> list` (until it is read to its end) and `<type> open` (until bytes come). */
  observe?: Observe
  /** How often a request to S3 is tried; by default for some ten seconds. */
  s3Attempts?: number
  /** How many times its stored size an object may become, above a gigabyte. */
  maxExpansion?: number
  /** Whether URLs that users name may be on private networks. */
  allowPrivateUrls?: boolean
  /** The directory below which modules may lie; null: there are none. */
  moduleRoot?: string | null
  /** How long a module may take for its next answer. */
  moduleTimeoutMs?: number
}

/**
 * Makes the source that a monitor defines; nothing is read yet.
 * @param timezone IANA name, in which the days of a query begin
 * @throws KeyPatternError, or SourceError if the definition can't work
 */
export function openSource(
  definition: SourceDefinition,
  settings: SourceSettings,
  timezone = 'UTC',
): LogSource {
  const { maxExpansion, observe } = settings
  const source = {
    ...sourceOf(definition, settings, timezone),
    ...(maxExpansion === undefined ? {} : { maxExpansion }),
  }
  if (!observe) return source
  return {
    ...source,
    list: (signal, window) => observeWhole(observe, `${definition.type} list`, source.list(signal, window)),
    open: (object, signal, options) =>
      observe(`${definition.type} open`, () => source.open(object, signal, options)),
  }
}

function sourceOf(definition: SourceDefinition, settings: SourceSettings, timezone: string): LogSource {
  switch (definition.type) {
    case 's3':
      return openS3Source(definition, settings)
    case 'file':
      return openFileSource(definition, settings.fileRoot)
    case 'http':
      return openHttpSource(definition, settings)
    case 'sql':
      return openSqlSource(definition, timezone)
    case 'module':
      return openModuleSource(definition, settings)
    default: {
      const { type } = definition as { type: unknown }
      throw new SourceError(
        'refused',
        `source.type: expected s3, file, http, sql or module, got ${JSON.stringify(type)}`,
      )
    }
  }
}
