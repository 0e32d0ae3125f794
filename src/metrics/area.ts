/** The corners of a closed outline, in order, without a repeated last one. */
export type Ring = [number, number][]

/** An outline with its bounds: left, top, right and bottom. */
export interface Outline {
  ring: Ring
  bounds: [number, number, number, number]
}

export interface Areas {
  a: number
  b: number
  both: number
}

/** Steps that testing two edges for a crossing takes. */
const STEPS_PER_TEST = 20
/** Edges at one height that testing all edges for crossings is expected to meet. */
const EDGES_AT_A_HEIGHT = 4

interface Edge {
  top: number
  bottom: number
  xTop: number
  slope: number
  /** +1 downwards, −1 upwards: what passing the edge from the left adds to the winding number. */
  turn: number
  ofA: boolean
}

const xAt = (edge: Edge, y: number) => edge.xTop + (y - edge.top) * edge.slope

function edgesOf(ring: Ring, ofA: boolean): Edge[] {
  return ring.flatMap(([x1, y1], index) => {
    const [x2, y2] = ring[(index + 1) % ring.length] as [number, number]
    if (y1 === y2) return []
    const slope = (x2 - x1) / (y2 - y1)
    return y1 < y2
      ? [{ top: y1, bottom: y2, xTop: x1, slope, turn: 1, ofA }]
      : [{ top: y2, bottom: y1, xTop: x2, slope, turn: -1, ofA }]
  })
}

/** Heights at which two of the edges (sorted by `top`) cross; null when finding or using them takes too many steps. */
function crossings(edges: Edge[], steps: number): number[] | null {
  const heights: number[] = []
  let left = steps
  for (const [index, edge] of edges.entries()) {
    for (let next = index + 1; next < edges.length; next++) {
      const other = edges[next] as Edge
      if (other.top >= edge.bottom) break
      if (left-- < 0) return null
      const bottom = Math.min(edge.bottom, other.bottom)
      const before = xAt(edge, other.top) - xAt(other, other.top)
      const after = xAt(edge, bottom) - xAt(other, bottom)
      if (before * after >= 0) continue
      heights.push(other.top + (bottom - other.top) * (before / (before - after)))
      left -= edges.length
    }
  }
  return heights
}

const MIN_CORNERS = 8

/** Every n-th corner only, as long as enough remain. */
function thinned(ring: Ring, every: number): Ring {
  const stride = Math.min(every, Math.floor(ring.length / MIN_CORNERS))
  return stride > 1 ? ring.filter((_, index) => index % stride === 0) : ring
}

/**
 * Areas of two outlines and of what they have in common, by the non-zero winding rule (as the editor fills them), so
 * that outlines may cross themselves. Between the heights of all corners and crossings no edges cross, so that the
 * width at the middle of each such slab times its height is exact. Outlines that would take more than `steps` steps
 * are thinned until they do not.
 */
export function areas(a: Ring, b: Ring, steps: number): Areas {
  const excess = Math.ceil(((a.length + b.length) * EDGES_AT_A_HEIGHT) / steps)
  const [ringA, ringB] = [thinned(a, excess), thinned(b, excess)]
  const edges = [...edgesOf(ringA, true), ...edgesOf(ringB, false)].sort((one, other) => one.top - other.top)
  const crossed = crossings(edges, steps)
  if (crossed === null && Math.max(ringA.length, ringB.length) >= 2 * MIN_CORNERS) {
    return areas(thinned(ringA, 2), thinned(ringB, 2), steps)
  }
  const heights = [...new Set([...edges.flatMap(({ top, bottom }) => [top, bottom]), ...(crossed ?? [])])]
  heights.sort((one, other) => one - other)
  const total: Areas = { a: 0, b: 0, both: 0 }
  let active: Edge[] = []
  let next = 0
  for (const [index, low] of heights.entries()) {
    const high = heights[index + 1]
    if (high === undefined) break
    for (; next < edges.length && (edges[next] as Edge).top <= low; next++) active.push(edges[next] as Edge)
    active = active.filter((edge) => edge.bottom > low)
    addSlab(total, active, (low + high) / 2, high - low)
  }
  return total
}

function addSlab(total: Areas, active: Edge[], middle: number, height: number): void {
  const passed = active.map((edge) => ({ edge, x: xAt(edge, middle) })).sort((one, other) => one.x - other.x)
  let [windingA, windingB, from] = [0, 0, 0]
  for (const { edge, x } of passed) {
    const slice = (x - from) * height
    if (windingA !== 0) total.a += slice
    if (windingB !== 0) total.b += slice
    if (windingA !== 0 && windingB !== 0) total.both += slice
    if (edge.ofA) windingA += edge.turn
    else windingB += edge.turn
    from = x
  }
}

export function outlineOf(ring: Ring): Outline {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity]
  for (const [x, y] of ring) {
    left = Math.min(left, x)
    top = Math.min(top, y)
    right = Math.max(right, x)
    bottom = Math.max(bottom, y)
  }
  return { ring, bounds: [left, top, right, bottom] }
}

/** Whether the bounds of two outlines have no area in common. */
export function apart({ bounds: a }: Outline, { bounds: b }: Outline): boolean {
  return a[2] <= b[0] || b[2] <= a[0] || a[3] <= b[1] || b[3] <= a[1]
}

/** Area in common over area in all; 0 when neither has any. */
export function outlineOverlap(a: Outline, b: Outline, steps: number): number {
  if (apart(a, b)) return 0
  const area = areas(a.ring, b.ring, steps / STEPS_PER_TEST)
  return area.both === 0 ? 0 : area.both / (area.a + area.b - area.both)
}
