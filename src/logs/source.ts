import type { Readable } from 'node:stream'
import { SourceError } from './source-error.ts'
import { openFileSource } from './source-file.ts'
import { openS3Source } from './source-s3.ts'

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
  /** The objects whose key matches the key pattern, in no particular order. */
  list(signal?: AbortSignal): AsyncIterable<LogObject>
  /**
   * An object's bytes as stored, `from` an offset on, and up to `to` or further. With `reuse` a chunk need only be valid until two more were read: memory that is used again costs
   * a third less time than memory that is collected.
   */
  open(
    object: LogObject,
    signal?: AbortSignal,
    options?: { reuse?: boolean; from?: number; to?: number | null },
  ): Promise<Readable>
  close?(): Promise<void>
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
}

export interface FileSourceDefinition {
  type: 'file'
  /** A directory below the root, absolute or relative to it. */
  path?: string | null
  key_pattern?: string | null
}

/** The `source` of a monitor. */
export type SourceDefinition = S3SourceDefinition | FileSourceDefinition

/** What the operator of the service has set. */
export interface SourceSettings {
  /** The directory below which `file` sources may read. */
  fileRoot: string
  /** `AWS_ENDPOINT_URL_S3` and `AWS_REGION`, for sources that name no endpoint or region. */
  s3Endpoint?: string | null
  s3Region?: string | null
}

/**
 * Makes the source that a monitor defines; nothing is read yet.
 * @throws KeyPatternError, or SourceError if the definition can't work
 */
export function openSource(definition: SourceDefinition, settings: SourceSettings): LogSource {
  switch (definition.type) {
    case 's3':
      return openS3Source(definition, settings)
    case 'file':
      return openFileSource(definition, settings.fileRoot)
    default: {
      const { type } = definition as { type: unknown }
      throw new SourceError('refused', `source.type: expected s3 or file, got ${JSON.stringify(type)}`)
    }
  }
}
