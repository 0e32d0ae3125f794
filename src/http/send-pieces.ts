import { once } from 'node:events'
import type { ServerResponse } from 'node:http'

/**
 * Sends a body piece by piece: the next piece is asked for when the client has taken the ones before, and none when
 * the client is gone.
 */
export async function sendPieces(pieces: AsyncIterable<string>, response: ServerResponse): Promise<void> {
  const gone = new AbortController()
  const leave = () => gone.abort()
  response.once('close', leave)
  if (response.closed) leave()
  for await (const piece of pieces) {
    if (gone.signal.aborted) break
    if (!response.write(piece)) await once(response, 'drain', { signal: gone.signal }).catch(() => {})
    if (gone.signal.aborted) break
  }
  response.end()
}
