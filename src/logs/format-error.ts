/** A format that does not exist or can't be set up as asked; the message begins with the field. */
export class FormatError extends Error {
  override name = 'FormatError'
}
