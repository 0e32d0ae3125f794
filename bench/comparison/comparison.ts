import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ControlTag } from '../../src/labeling/types.ts'
import { compareResults } from '../../src/metrics/compare.ts'
import { type Entry, inTurn, type Measurement, rate } from '../figure.ts'
import { preparePeers, runPeer } from '../peers.ts'
import { KINDS, type Pair, pairsOf } from './pairs.ts'

/** Outlines of ellipses differ in their corners. */
const TOLERANCE = 1e-3

const PEERS: Record<string, string> = {
  textarea: 'rapidfuzz',
  rectanglelabels: 'shapely',
  ellipselabels: 'shapely',
  polygonlabels: 'shapely',
  brushlabels: 'numpy',
}

/** Pairs that are compared per second, per control tag, beside the same in plain Python. */
export const comparison: Measurement = {
  name: 'comparison',
  async measure({ directory, quick, runs, log }) {
    const python = await preparePeers(log)
    const seconds = quick ? 0.1 : 0.5
    const entries: Entry[] = []
    for (const [kind, { type }] of Object.entries(KINDS)) {
      const pairs = pairsOf(kind)
      const file = join(directory, `${entries.length}.json`)
      await writeFile(file, JSON.stringify(pairs))
      const peer = () =>
        runPeer<{ rate: number; similarity: number }>(python, 'compare.py', [type, String(seconds), file])
      assertSame(kind, similarities(pairs, type), (await peer()).similarity / pairs.length)
      const rates = await inTurn(runs, {
        ours: async () => ourRate(pairs, type, seconds),
        peer: async () => (await peer()).rate,
      })
      entries.push(
        rate({
          ...{ name: `comparison, ${kind}`, unit: 'pairs/s', ...rates },
          against: `Python, ${PEERS[type] ?? 'no library'}`,
          means: 'changed or not, and similarity',
        }),
      )
    }
    return entries
  },
}

function control(type: string): ControlTag {
  return { name: 'tag', tag: type, type, toName: ['object'], labels: [], perRegion: false, attributes: {} }
}

function compareAll(pairs: Pair[], tag: ControlTag): number {
  let sum = 0
  for (const { prediction, annotation } of pairs) {
    sum += compareResults(prediction, annotation, [tag]).tag?.similarity ?? Number.NaN
  }
  return sum
}

function similarities(pairs: Pair[], type: string): number {
  return compareAll(pairs, control(type)) / pairs.length
}

function ourRate(pairs: Pair[], type: string, seconds: number): number {
  const tag = control(type)
  const began = performance.now()
  let compared = 0
  while (performance.now() - began < seconds * 1000) {
    compareAll(pairs, tag)
    compared += pairs.length
  }
  return compared / ((performance.now() - began) / 1000)
}

/** Speed says something only where both compute the same. */
function assertSame(kind: string, ours: number, peer: number): void {
  if (Math.abs(ours - peer) > TOLERANCE) {
    throw new Error(`${kind}: the mean similarity is ${ours} here and ${peer} in Python; they must be the same`)
  }
}
