/** A delivery did not arrive. The message says why and what to mend; it holds no secret. */
export class DeliveryError extends Error {
  override name = 'DeliveryError'
  /** Whether trying again may help. */
  readonly temporary: boolean
  /** Seconds that the receiver asks to wait; null where it doesn't. */
  readonly retryAfterS: number | null

  constructor(message: string, temporary: boolean, retryAfterS: number | null = null) {
    super(message)
    this.temporary = temporary
    this.retryAfterS = retryAfterS
  }
}
