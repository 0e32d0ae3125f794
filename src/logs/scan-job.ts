import { createFormat, type Format, type FormatDefinition } from './format.ts'
import type { SketchOptions } from './sample.ts'
import type { ScanOptions } from './scan.ts'
import {
  type LogSource,
  openSource,
  type SourceDefinition,
  type SourceSettings,
  type Window,
} from './source.ts'
import { whereOf } from './where.ts'

/** All that a scan needs to know, as plain data: threads and other processes are told it. */
export interface ScanJob {
  source: SourceDefinition
  sources: SourceSettings
  format: FormatDefinition
  timezone: string
  window: Window
  sample: Pick<SketchOptions, 'total' | 'allocation'> & { by: string; where: string | null }
  seed: number
  skips: Skips | null
}

/** Records that do not count. */
export interface Skips {
  /** Only records of these strata; null takes all. */
  strata: string[] | null
  /** `object@offset` of records that are left out. */
  records: string[]
}

export interface OpenScan {
  options: ScanOptions
  format: Format
  close(): Promise<void>
}

/**
 * Opens the source and the format of a job; nothing is read yet.
 * @param source the job's, where it is open already
 */
export function openScan(job: ScanJob, source = sourceOf(job)): OpenScan {
  const { window, sample, seed } = job
  const format = createFormat(job.format, job.timezone, job.sources)
  const limits = job.format.max_record_bytes ? { maxRecordBytes: job.format.max_record_bytes } : {}
  const where = whereOf(sample)
  return {
    format,
    options: { source, format, window, sample, seed, where, limits, skips: skipsOf(job.skips) },
    close: async () => source.close?.(),
  }
}

export function sourceOf({ source, sources, timezone }: ScanJob, observe = sources.observe): LogSource {
  return openSource(source, { ...sources, ...(observe && { observe }) }, timezone)
}

function skipsOf(skips: Skips | null): ScanOptions['skips'] {
  if (!skips) return undefined
  const strata = skips.strata && new Set(skips.strata)
  const records = new Set(skips.records)
  return (stratum, object, offset) =>
    (strata !== null && !strata.has(stratum)) || records.has(`${object}@${offset}`)
}
