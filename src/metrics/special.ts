const HALF_LOG_TAU = 0.5 * Math.log(2 * Math.PI)

/** Coefficients of Stirling's series in 1/x, −1/x³ …: B(2k) / (2k (2k − 1)). */
const STIRLING = [1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360]

/** ln Γ(x) for x > 0, to about 1e-15 of its size (Stirling's series, Abramowitz & Stegun 6.1.40). */
export function logGamma(x: number): number {
  // The series is good from 12 on; below, Γ(x) = Γ(x + 1) / x leads there.
  let shift = 1
  while (x < 12) shift *= x++
  const correction = STIRLING.reduceRight((sum, coefficient) => sum / (x * x) + coefficient, 0) / x
  return (x - 0.5) * Math.log(x) - x + HALF_LOG_TAU + correction - Math.log(shift)
}

/** ln B(a, b) = ln Γ(a) + ln Γ(b) − ln Γ(a + b), for a, b > 0. */
export function logBeta(a: number, b: number): number {
  return logGamma(a) + logGamma(b) - logGamma(a + b)
}

/** ln of the number of ways to choose k of n, 0 ≤ k ≤ n. */
export function logChoose(n: number, k: number): number {
  return -Math.log(n + 1) - logBeta(k + 1, n - k + 1)
}

/**
 * The z with P(|Z| < z) = `confidence` for a standard normal Z: 0.95 gives 1.95996….
 *
 * Newton's method on Φ(z) − ½ = φ(z) (z + z³/3 + z⁵/15 + …) (Marsaglia 2004). It starts at 0, where the function
 * is concave, and so climbs to the root without ever passing it.
 *
 * @throws RangeError unless 0 < confidence < 1
 */
export function normalQuantile(confidence: number): number {
  checkConfidence(confidence)
  let z = 0
  for (let round = 0; round < 200; round++) {
    const density = Math.exp(-0.5 * z * z - HALF_LOG_TAU)
    const step = confidence / 2 / density - seriesOverDensity(z)
    if (step <= 1e-15 * z) break
    z += step
  }
  return z
}

function seriesOverDensity(z: number): number {
  let term = z
  let sum = z
  for (let odd = 3; term > sum * Number.EPSILON; odd += 2) {
    term *= (z * z) / odd
    sum += term
  }
  return sum
}

/** @throws RangeError unless 0 < confidence < 1 */
export function checkConfidence(confidence: number): void {
  if (confidence > 0 && confidence < 1) return
  throw new RangeError(`confidence must lie between 0 and 1, e.g. 0.95, but is ${confidence}`)
}
