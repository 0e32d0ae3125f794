import compression from 'compression'
import type { RequestHandler } from 'express'

/** Below this the headers of a compressed answer cost what it saves. */
const MIN_BYTES = 1024

/**
 * Compresses large answers (brotli or gzip, as the client takes it). What is sent piece by piece is left as it is: an
 * event must not wait for the block that it would be compressed in, and an export goes as fast as it is taken.
 */
export function compress(): RequestHandler {
  return compression({
    threshold: MIN_BYTES,
    filter: (request, response) =>
      !/^(text\/event-stream|application\/x-ndjson)\b/.test(String(response.getHeader('Content-Type'))) &&
      compression.filter(request, response),
  })
}
