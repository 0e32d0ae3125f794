/** An object becomes far more than it is stored as. */
export class ExpandsTooFar extends Error {}

/** Logs compress to a tenth, repetitive ones to a hundredth; a gzip bomb to a thousandth, one of zstd to far less. */
export const MAX_EXPANSION = 250
/** What every object may expand to: less than a few seconds of work. */
const ALWAYS_ALLOWED_BYTES = 1 << 30

/**
 * Passes on what a decompressor gives for as long as it is not more than `maxExpansion` times what was stored so far.
 * @param storedBytes how many bytes the decompressor has got until now
 * @throws ExpandsTooFar after all before
 */
export async function* withinExpansion(
  output: AsyncIterable<Buffer>,
  storedBytes: () => number,
  maxExpansion: number,
  alwaysAllowed = ALWAYS_ALLOWED_BYTES,
): AsyncGenerator<Buffer> {
  let given = 0
  for await (const chunk of output) {
    given += chunk.length
    if (given > alwaysAllowed && given > maxExpansion * storedBytes()) {
      throw new ExpandsTooFar(
        `expands to more than ${maxExpansion} times its stored size, and was cut off there as a decompression bomb; ` +
          'if it is none, raise MAX_EXPANSION',
      )
    }
    yield chunk
  }
}
