/** `unavailable`: worth another try later; `refused`: nothing changes until somebody mends it. */
export type SourceErrorKind = 'unavailable' | 'refused'

/** Logs that can't be read; the message says what to do and holds no secret. */
export class SourceError extends Error {
  override name = 'SourceError'
  readonly kind: SourceErrorKind
  constructor(kind: SourceErrorKind, message: string) {
    super(message)
    this.kind = kind
  }
}
