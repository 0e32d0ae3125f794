import { createWriteStream } from 'node:fs'
import { link, mkdir, stat } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { type SampleRecord, sampleRecords } from '../demo/services/sample-logs.ts'
import { randomNumbers } from './random.ts'

/** What the files hold, and so how a monitor has to read them. */
export type FileFormat = 'template' | 'jsonl' | 'csv'

export interface SampleFiles {
  directory: string
  paths: string[]
  /** As stored, all files. */
  bytes: number
  /** The last day; there is one file for each of the days up to it. */
  today: string
  keyPattern: string
}

const DAYS = 7
const TODAY = '2026-03-14'
/** Records made for a day; its file repeats them, much farther apart than a compressor looks back. */
const DISTINCT = 4_000
const VERSIONS = Array.from({ length: 5 }, (_, index) => ({ name: `v1.${index}.0`, errorRate: 0.1 }))

/** Writes log files, one for each of seven days, of `mb` MB in all before compression. */
export async function writeSampleFiles(options: {
  directory: string
  format: FileFormat
  mb: number
  gzip?: boolean
}): Promise<SampleFiles> {
  const { directory, format, mb, gzip = false } = options
  await mkdir(directory, { recursive: true })
  const perFile = (mb * 1e6) / DAYS
  const days = [...sampleRecords({ days: DAYS, perDay: DISTINCT, versions: VERSIONS, seed: 1, today: TODAY })]
  const random = randomNumbers(1)
  const write = async ([date, records]: (typeof days)[number]): Promise<string> => {
    const [year = '', month, day] = date.split('-')
    const path = join(
      directory,
      `qalogs_${month}:${day}:${year.slice(2)}.${ENDING[format]}${gzip ? '.gz' : ''}`,
    )
    const lines = records.map((record, index) => TEXT[format]({ ...record, answer: sentence(random) }, index))
    await writeRepeated(path, { head: HEAD[format], block: lines.join(''), bytes: perFile, gzip })
    return path
  }
  const paths = await Promise.all(days.map(write))
  const sizes = await Promise.all(paths.map(async (path) => (await stat(path)).size))
  return {
    directory,
    paths,
    bytes: sizes.reduce((sum, size) => sum + size, 0),
    today: TODAY,
    keyPattern: `qalogs_{MM}:{DD}:{YY}.${ENDING[format]}`,
  }
}

/** Gives the same files further names, below another directory: logs of any size for the space of one. */
export async function linkSampleFiles(
  files: SampleFiles,
  directory: string,
  times: number,
): Promise<SampleFiles> {
  const paths: string[] = []
  for (let copy = 0; copy < times; copy++) {
    await mkdir(join(directory, String(copy)), { recursive: true })
    for (const path of files.paths) {
      const name = join(directory, String(copy), relative(files.directory, path))
      await link(path, name)
      paths.push(name)
    }
  }
  return { ...files, directory, paths, bytes: files.bytes * times }
}

const ENDING: Record<FileFormat, string> = { template: 'txt', jsonl: 'jsonl', csv: 'csv' }
const COLUMNS = ['timestamp', 'request_id', 'question', 'answer', 'confidence', 'model_version'] as const
const HEAD: Record<FileFormat, string> = { template: '', jsonl: '', csv: `${COLUMNS.join(',')}\n` }
const TEXT: Record<FileFormat, (record: SampleRecord, index: number) => string> = {
  template: (record, index) => `Timestamp: ${record.timestamp}
Request ID: ${record.request_id}
Request Type: Text Query
User Input: "${record.question}"

Model Response: "${record.answer}"
Processing Time: ${100 + ((index * 37) % 90)} ms
Status: Success
Confidence Level: ${(record.confidence * 100).toFixed(1)}%
Cache Hit: ${index % 3 ? 'No' : 'Yes'}
Version: ${record.model_version}
Model Server: qa-model-server-0${1 + (index % 4)}

`,
  jsonl: (record) => `${JSON.stringify(record)}\n`,
  csv: (record) => `${COLUMNS.map((name) => `"${String(record[name]).replaceAll('"', '""')}"`).join(',')}\n`,
}

const SYLLABLES =
  'al an be co da en er fi go ha in ka le lo ma mi na no or pe ra re sa se ta ti un ve wo zu'.split(' ')
const WORDS = Array.from({ length: 3_000 }, (_, index) =>
  [index % 30, Math.floor(index / 30) % 30, Math.floor(index / 7) % 30]
    .slice(0, 1 + (index % 3))
    .map((at) => SYLLABLES[at])
    .join(''),
)

/** About 25 words, some much more frequent than others, so that it compresses about as language does. */
function sentence(random: () => number): string {
  const length = 10 + Math.floor(random() * 30)
  return Array.from({ length }, () => WORDS[Math.floor(random() ** 2 * WORDS.length)]).join(' ')
}

async function writeRepeated(
  path: string,
  { head, block, bytes, gzip }: { head: string; block: string; bytes: number; gzip: boolean },
): Promise<void> {
  const buffer = Buffer.from(block)
  async function* content() {
    if (head) yield Buffer.from(head)
    for (let written = 0; written < bytes; written += buffer.length) yield buffer
  }
  const file = createWriteStream(path)
  await (gzip ? pipeline(content, createGzip({ chunkSize: 1 << 18 }), file) : pipeline(content, file))
}
