/** Numbers in [0, 1) that look random and are the same everywhere (Numerical Recipes' generator modulo 2^32). */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}
