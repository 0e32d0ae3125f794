import type { Writable } from 'node:stream'
import { SingleBar } from 'cli-progress'
import type { Run, RunStatus } from '../contract/types.ts'
import { count, counted, size } from './text.ts'

/** Shows how far a run is. */
export interface RunDisplay {
  show(run: Pick<Run, 'status' | 'progress'>): void
  /** A line of text in between. */
  say(text: string): void
  end(): void
}

/** A part of a run, measured. */
interface Step {
  done: number
  total: number
  detail: string
}

/** How often a line without a terminal tells of progress within one status, in ms. */
const LINE_INTERVAL_MS = 5_000

const now = () => performance.now()

/** One line per change of status, and now and then one of progress: for logs of cron and CI. */
export function progressLines(stream: Writable, { clock = now } = {}): RunDisplay {
  let last = { status: '', detail: '', at: 0 }
  return {
    show({ status, progress }) {
      const detail = stepOf(status, progress)?.detail ?? ''
      const changed = status !== last.status
      if (!changed && (detail === last.detail || clock() - last.at < LINE_INTERVAL_MS)) return
      stream.write(detail ? `${status}: ${detail}\n` : `${status}\n`)
      last = { status, detail, at: clock() }
    },
    say(text) {
      stream.write(`${text}\n`)
    },
    end() {},
  }
}

/** A progress bar for each status that can be measured, one below the other. */
export function progressBars(stream: Writable): RunDisplay {
  let bar: SingleBar | null = null
  let shown: RunStatus | null = null
  const end = () => {
    bar?.stop()
    bar = null
    shown = null
  }
  return {
    show({ status, progress }) {
      // Also when the status has moved on: the bar of the one before then ends full.
      const step = shown && stepOf(shown, progress)
      if (bar && step) {
        bar.setTotal(step.total)
        bar.update(step.done, { detail: step.detail })
      }
      if (status === shown) return
      end()
      shown = status
      const next = stepOf(status, progress)
      if (!next) {
        if (status === 'queued') stream.write('queued\n')
        return
      }
      bar = new SingleBar({
        stream: stream as NodeJS.WritableStream,
        format: `${status.padEnd(9)} [{bar}] {percentage} %  {detail}`,
        barsize: 24,
        // A total that isn't known yet is 0.
        emptyOnZero: true,
      })
      bar.start(next.total, next.done, { detail: next.detail })
    },
    say(text) {
      end()
      stream.write(`${text}\n`)
    },
    end,
  }
}

function stepOf(status: RunStatus, progress: Run['progress']): Step | null {
  if (status === 'scanning') {
    const { objects_done, objects_total, bytes_done, bytes_total, records_seen } = progress
    if (objects_total === 0) return { done: 0, total: 0, detail: 'listing the objects' }
    // Objects differ in size, so bytes say more; not every source knows them.
    const measure =
      bytes_total > 0
        ? { done: bytes_done, total: bytes_total }
        : { done: objects_done, total: objects_total }
    const bytes = bytes_total > 0 ? `, ${size(bytes_done)} of ${size(bytes_total)}` : ''
    const objects = `${count(objects_done)} of ${count(objects_total)} objects`
    return { ...measure, detail: `${objects}${bytes}, ${counted(records_seen, 'record')}` }
  }
  if (status === 'importing') {
    const { tasks_imported: done, tasks_total: total } = progress
    return { done, total, detail: `${count(done)} of ${count(total)} tasks` }
  }
  return null
}
