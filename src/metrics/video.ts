import { apart, type Outline, outlineOf, type Ring } from './area.ts'
import { type Geometry, near, nearAngle, PERCENT } from './geometry.ts'
import { asNumber, asRecord, canonical, type Value } from './read.ts'
import { type Box, boxAreas } from './shapes.ts'

interface Keyframe extends Box {
  frame: number
  /** Whether the box stays after this frame, up to the next keyframe or the video's end. */
  enabled: boolean
}

interface Track {
  keyframes: Keyframe[]
  /** Length of the video in frames; 0 when unknown. */
  frames: number
  /** Within which all boxes lie. */
  outline: Outline
}

function readKeyframe(entry: unknown): Keyframe[] {
  const { frame, x, y, width, height, rotation, enabled } = asRecord(entry)
  const extent = [x, y, width, height].map(asNumber)
  const at = asNumber(frame)
  if (at === null || extent.includes(null)) return []
  return [
    {
      frame: at,
      enabled: enabled !== false,
      extent: extent as Box['extent'],
      rotation: asNumber(rotation) ?? 0,
    },
  ]
}

function readTrack(value: Value): Track | null {
  if (!Array.isArray(value.sequence)) return null
  const keyframes = value.sequence.flatMap(readKeyframe).sort((a, b) => a.frame - b.frame)
  return { keyframes, frames: asNumber(value.framesCount) ?? 0, outline: outlineOf(keyframes.flatMap(reach)) }
}

/** Corners of what a box can reach by turning on the way to the next keyframe. */
function reach({ extent: [x, y, width, height] }: Box): Ring {
  const radius = Math.abs(width) + Math.abs(height)
  return [
    [x - radius, y - radius],
    [x + radius, y + radius],
  ]
}

/** Reads boxes frame by frame, forwards only: linear between keyframes, angles the shorter way round. */
function boxes(track: Track) {
  let index = -1
  return (frame: number): Box | null => {
    while ((track.keyframes[index + 1]?.frame ?? Infinity) <= frame) index++
    const [last, next] = [track.keyframes[index], track.keyframes[index + 1]]
    if (last === undefined || (!last.enabled && last.frame !== frame)) return null
    if (next === undefined || last.frame === frame) return last
    const share = (frame - last.frame) / (next.frame - last.frame)
    const turn = ((((next.rotation - last.rotation) % 360) + 540) % 360) - 180
    const between = (from: number, to: number) => from + (to - from) * share
    return {
      extent: last.extent.map((number, axis) =>
        between(number, next.extent[axis] as number),
      ) as Box['extent'],
      rotation: last.rotation + turn * share,
    }
  }
}

/** Frames from the first to the last in which a box may be seen; a box that stays is seen to the video's end. */
function lifespan(track: Track, frames: number): [number, number] {
  const [first, last] = [track.keyframes[0], track.keyframes.at(-1)]
  if (!first || !last) return [Infinity, -Infinity]
  return [first.frame, last.enabled ? Math.max(frames, last.frame) : last.frame]
}

const NO_BOX: Box = { extent: [0, 0, 0, 0], rotation: 0 }
/** Steps that one frame takes. */
const FRAME_STEPS = 400

/**
 * Tracks of boxes: the sum of the frames' intersections over the sum of their unions, over the frames of both. Of
 * tracks that would take more than `steps` steps every n-th frame counts.
 */
export const track: Geometry<Track> = {
  metric: 'track_iou',
  read: readTrack,
  key: ({ keyframes }) => canonical(keyframes),
  same: (a, b) =>
    a.keyframes.length === b.keyframes.length &&
    a.keyframes.every((one, index) => {
      const other = b.keyframes[index] as Keyframe
      return (
        one.frame === other.frame &&
        one.enabled === other.enabled &&
        one.extent.every((number, axis) => near(number, other.extent[axis] as number, PERCENT)) &&
        nearAngle(one.rotation, other.rotation)
      )
    }),
  meets: (a, b) => track.same(a, b) || !apart(a.outline, b.outline),
  overlap(a, b, steps) {
    if (track.same(a, b)) return 1
    const frames = Math.max(a.frames, b.frames)
    const [spanA, spanB] = [lifespan(a, frames), lifespan(b, frames)]
    const [first, last] = [Math.min(spanA[0], spanB[0]), Math.max(spanA[1], spanB[1])]
    const stride = Math.max(1, Math.ceil(((last - first) * FRAME_STEPS) / steps))
    const [boxOfA, boxOfB] = [boxes(a), boxes(b)]
    let [both, union] = [0, 0]
    for (let count = 0; count <= (last - first) / stride; count++) {
      const [inA, inB] = [boxOfA(first + count * stride), boxOfB(first + count * stride)]
      const area = boxAreas(inA ?? NO_BOX, inB ?? NO_BOX)
      both += area.both
      union += area.a + area.b - area.both
    }
    return union > 0 ? both / union : 0
  },
}
