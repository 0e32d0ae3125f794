import type { Response } from 'express'
import type { Run } from '../contract/types.ts'
import type { RunRow } from '../runs/run.ts'
import { isOver } from './runs.ts'

const LOOK_MS = 300
/** A comment now and then keeps proxies from closing a silent connection. */
const BEAT_MS = 15_000

/** Server-sent events of a run: the whole run whenever it changed; with its last state the stream is over. */
export async function watchRun(
  response: Response,
  read: () => Promise<RunRow>,
  present: (run: RunRow) => Promise<Run>,
): Promise<void> {
  response.writeHead(200, {
    'Content-Type': 'text/event-stream; charset=utf-8',
    'Cache-Control': 'no-store',
    'X-Accel-Buffering': 'no',
  })
  const closed = new AbortController()
  response.on('close', () => closed.abort())
  let last = ''
  let beat = Date.now()
  while (!closed.signal.aborted) {
    const run = await read()
    const data = JSON.stringify(await present(run))
    if (data !== last) {
      response.write(`event: run\ndata: ${data}\n\n`)
      last = data
      beat = Date.now()
    } else if (Date.now() - beat > BEAT_MS) {
      response.write(': still here\n\n')
      beat = Date.now()
    }
    if (isOver(run)) break
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  }
  response.end()
}
