/**
 * JSON text that PostgreSQL's jsonb accepts: it refuses NUL and halves of surrogate pairs, which JSON allows, so
 * both become U+FFFD, the replacement character.
 */
export function toJsonb(value: unknown): string {
  const text = JSON.stringify(value) ?? 'null'
  // `JSON.stringify` escapes NUL and lone surrogates and nothing else by \u0000 and \ud800–\udfff; every other
  // escape, a backslash of the text itself among them, is matched only to be stepped over.
  return text.replace(/\\(?:u0000|ud[89a-f][0-9a-f]{2}|.)/g, (found) =>
    found === '\\u0000' || found.startsWith('\\ud') ? '\\ufffd' : found,
  )
}

/** Text that PostgreSQL accepts: without NUL, and well-formed. */
export function toText(value: string): string {
  return value.replaceAll('\0', '\ufffd').toWellFormed()
}
