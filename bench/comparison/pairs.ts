import { encode } from '@thi.ng/rle-pack'
import type { Region } from '../../src/labeling/types.ts'
import { randomNumbers } from '../random.ts'

/** A prediction and an annotation of the control `tag`, most of them alike, as reviewers leave them. */
export interface Pair {
  prediction: Region[]
  annotation: Region[]
}

type Value = Record<string, unknown>
type Random = () => number

const IMAGE = { width: 640, height: 480 }
const LABELS = ['Car', 'Person', 'Sign']

/** By the `type` of the regions; some types in two sizes. */
export const KINDS: Record<string, { type: string; count: number; draw: (random: Random) => Value[]; edit: Edit }> = {
  choices: { type: 'choices', count: 500, draw: (r) => [{ choices: some(r, 8, 'choice') }], edit: anew },
  taxonomy: { type: 'taxonomy', count: 500, draw: (r) => [{ taxonomy: paths(r) }], edit: anew },
  textarea: { type: 'textarea', count: 500, draw: (r) => [{ text: [words(r, 25)] }], edit: reword },
  'textarea, 400 words': { type: 'textarea', count: 50, draw: (r) => [{ text: [words(r, 400)] }], edit: reword },
  labels: { type: 'labels', count: 500, draw: (r) => list(r, 8, span), edit: shift },
  rectanglelabels: { type: 'rectanglelabels', count: 300, draw: (r) => list(r, 6, rectangle), edit: shift },
  ellipselabels: { type: 'ellipselabels', count: 50, draw: (r) => list(r, 3, ellipse), edit: shift },
  polygonlabels: { type: 'polygonlabels', count: 200, draw: (r) => list(r, 3, polygon), edit: shift },
  keypointlabels: { type: 'keypointlabels', count: 500, draw: (r) => list(r, 10, keyPoint), edit: shift },
  brushlabels: { type: 'brushlabels', count: 10, draw: (r) => [brush(r)], edit: anew },
}

/** What a reviewer makes of a predicted value; `draw` makes another. */
type Edit = (value: Value, random: Random, draw: (random: Random) => Value[]) => Value

/** The same for the same kind at any time. */
export function pairsOf(kind: keyof typeof KINDS): Pair[] {
  const { type, count, draw, edit } = KINDS[kind] as (typeof KINDS)[string]
  const random = randomNumbers(kind.length)
  const region = (value: Value, index: number): Region => ({
    ...{ id: `region${index}`, from_name: 'tag', to_name: 'object', type, value },
    ...{ original_width: IMAGE.width, original_height: IMAGE.height },
  })
  return Array.from({ length: count }, () => {
    const before = draw(random)
    const after = before.map((value) => (random() < 0.5 ? value : edit(value, random, draw)))
    return { prediction: before.map(region), annotation: after.map(region) }
  })
}

function anew(_: Value, random: Random, draw: (random: Random) => Value[]): Value {
  return draw(random)[0] as Value
}

function reword(value: Value, random: Random): Value {
  const [text = ''] = value.text as string[]
  const at = Math.floor(random() * text.length)
  return { text: [`${text.slice(0, at)}${words(random, 3)}${text.slice(at + 20)}`] }
}

function shift(value: Value, random: Random): Value {
  const by = Math.round((random() * 4 - 2) * 100) / 100
  if (Array.isArray(value.points)) {
    return { ...value, points: (value.points as number[][]).map(([x = 0, y = 0]) => [x + by, y]) }
  }
  if ('start' in value) return { ...value, end: (value.end as number) + Math.ceil(Math.abs(by)) }
  return { ...value, x: (value.x as number) + by }
}

const between = (random: Random, low: number, high: number) =>
  Math.round((low + random() * (high - low)) * 100) / 100
const list = (random: Random, length: number, draw: (random: Random) => Value) =>
  Array.from({ length }, () => draw(random))
const label = (random: Random) => [LABELS[Math.floor(random() * LABELS.length)]]

function some(random: Random, of: number, name: string): string[] {
  const chosen = Array.from({ length: of }, (_, index) => `${name} ${index}`).filter(() => random() < 0.4)
  return chosen.length > 0 ? chosen : [`${name} 0`]
}

function paths(random: Random): string[][] {
  return some(random, 4, 'order').map((order) => [order, ...some(random, 3, 'family').slice(0, 1), 'species'])
}

function words(random: Random, count: number): string {
  const word = () => Math.floor(random() ** 2 * 46_655).toString(36)
  return Array.from({ length: count }, word).join(' ')
}

function span(random: Random): Value {
  const start = Math.floor(random() * 900)
  return { start, end: start + 1 + Math.floor(random() * 40), labels: label(random) }
}

function rectangle(random: Random): Value {
  const corner = { x: between(random, 0, 70), y: between(random, 0, 70) }
  const size = { width: between(random, 5, 30), height: between(random, 5, 30) }
  return { ...corner, ...size, rotation: between(random, 0, 90), rectanglelabels: label(random) }
}

function ellipse(random: Random): Value {
  const middle = { x: between(random, 30, 70), y: between(random, 30, 70) }
  const size = { radiusX: between(random, 5, 25), radiusY: between(random, 5, 25) }
  return { ...middle, ...size, rotation: between(random, 0, 90), ellipselabels: label(random) }
}

/** A star-shaped outline of 20 corners. */
function polygon(random: Random): Value {
  const points = Array.from({ length: 20 }, (_, index) => {
    const [angle, radius] = [(index / 20) * 2 * Math.PI, between(random, 8, 22)]
    return [48 + radius * Math.cos(angle), 50 + radius * Math.sin(angle)].map((at) => Math.round(at * 100) / 100)
  })
  return { points, closed: true, polygonlabels: ['Car'] }
}

function keyPoint(random: Random): Value {
  return { x: between(random, 0, 100), y: between(random, 0, 100), width: 1, keypointlabels: label(random) }
}

/** A painted disc of an image of 640 × 480, as the editor stores it. */
function brush(random: Random): Value {
  const [x, y, radius] = [between(random, 250, 390), between(random, 200, 280), between(random, 60, 150)]
  const pixels = new Uint8Array(IMAGE.width * IMAGE.height * 4)
  for (let at = 0; at < pixels.length / 4; at++) {
    const distance = Math.hypot((at % IMAGE.width) - x, Math.floor(at / IMAGE.width) - y)
    if (distance < radius) pixels.fill(255, at * 4, at * 4 + 4)
  }
  return { format: 'rle', rle: [...encode(pixels, pixels.length)], brushlabels: ['Car'] }
}
