/** Ctrl-C below npm comes twice: from the terminal and from npm. */
const sameSignalMs = 500

/** Aborted when somebody wants the end: by Ctrl-C or SIGTERM, or by closing the terminal. A second time ends at once. */
export function endOnSignal(): AbortSignal {
  const ending = new AbortController()
  let askedAt = 0
  const ask = () => {
    if (!ending.signal.aborted) {
      askedAt = performance.now()
      ending.abort()
    } else if (performance.now() - askedAt > sameSignalMs) process.exit(130)
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, ask)
  // the terminal is gone, or whoever read has read enough
  for (const stream of [process.stdout, process.stderr]) stream.on('error', ask)
  return ending.signal
}
