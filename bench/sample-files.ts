import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { link, mkdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { type SampleRecord, sampleLogs, sampleRecords } from '../demo/services/sample-logs.ts'

/** What the files hold, and so how a monitor has to read them. */
export type FileFormat = 'template' | 'jsonl' | 'csv'

export interface SampleFiles {
  directory: string
  paths: string[]
  /** As stored, all files. */
  bytes: number
  /** The last day; there is one file for each of the days before it. */
  today: string
  keyPattern: string
}

const TODAY = '2026-03-14'
/** Records that are made for a day; a file repeats them, farther apart than a compressor looks back. */
const DISTINCT = 12_000
const VERSIONS = Array.from({ length: 5 }, (_, index) => ({ name: `v1.${index}.0`, errorRate: 0.1 }))

/** Writes log files, one for each of the last days, of `mb` MB in all before compression. */
export async function writeSampleFiles(options: {
  directory: string
  format: FileFormat
  mb: number
  days?: number
  gzip?: boolean
}): Promise<SampleFiles> {
  const { directory, format, mb, days = 7, gzip = false } = options
  await mkdir(directory, { recursive: true })
  const records = { days, perDay: DISTINCT, versions: VERSIONS, seed: 1, today: TODAY }
  const blocks =
    format === 'template'
      ? [...sampleLogs(records).values()].map((text) => `${text}\n`)
      : [...sampleRecords(records).values()].map((day) => day.map(LINE[format]).join(''))
  const names = [...sampleLogs({ ...records, perDay: 1 }).keys()].map((name) =>
    name.replace('txt', ENDING[format]),
  )
  const paths = names.map((name) => join(directory, gzip ? `${name}.gz` : name))
  await Promise.all(
    paths.map((path, day) =>
      writeRepeated(path, Buffer.from(blocks[day] as string), (mb * 1e6) / days, format === 'csv', gzip),
    ),
  )
  const sizes = await Promise.all(paths.map(async (path) => (await stat(path)).size))
  return {
    directory,
    paths,
    bytes: sizes.reduce((sum, size) => sum + size, 0),
    today: TODAY,
    keyPattern: `qalogs_{MM}:{DD}:{YY}.${ENDING[format]}`,
  }
}

/** Further names of the same files in other directories below: logs of any size for the space of one. */
export async function linkSampleFiles(files: SampleFiles, directory: string, times: number): Promise<SampleFiles> {
  const paths: string[] = []
  for (let copy = 0; copy < times; copy++) {
    const place = join(directory, String(copy))
    await mkdir(place, { recursive: true })
    for (const path of files.paths) {
      const name = join(place, path.slice(files.directory.length + 1))
      await link(path, name)
      paths.push(name)
    }
  }
  return { ...files, directory, paths, bytes: files.bytes * times }
}

const ENDING: Record<FileFormat, string> = { template: 'txt', jsonl: 'jsonl', csv: 'csv' }
const COLUMNS = ['timestamp', 'request_id', 'question', 'answer', 'confidence', 'model_version'] as const
const LINE = {
  jsonl: (record: SampleRecord) => `${JSON.stringify(record)}\n`,
  csv: (record: SampleRecord) =>
    `${COLUMNS.map((name) => `"${String(record[name]).replaceAll('"', '""')}"`).join(',')}\n`,
}

async function writeRepeated(path: string, block: Buffer, bytes: number, header: boolean, gzip: boolean) {
  async function* content() {
    if (header) yield Buffer.from(`${COLUMNS.join(',')}\n`)
    for (let written = 0; written < bytes; written += block.length) yield block
  }
  const file = createWriteStream(path)
  if (gzip) await pipeline(content, createGzip({ chunkSize: 1 << 18 }), file)
  else await pipeline(content, file)
  if (!file.closed) await once(file, 'close')
}
