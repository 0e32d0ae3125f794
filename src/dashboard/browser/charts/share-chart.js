import uPlot from 'uplot'
import { percent } from '../format.js'
import { quietAxis } from './chart.js'

/** @import { ChartSpec, Colors } from './chart.js' */

/**
 * A share with its bounds.
 *
 * @typedef {{ key: string, value: number | null, bounds: readonly number[] | null }} SharePoint
 */

/** A threshold: its bound, and from where on it warns. @typedef {{ bound: number, kind: 'bad' | 'warn' }} Line */

/**
 * Shares side by side, each with its interval, and lines for thresholds.
 *
 * @param {object} given
 * @param {string} given.said
 * @param {SharePoint[]} given.points
 * @param {Line[]} given.lines
 * @param {boolean} given.connected whether they are one line with a band, or points of their own
 * @returns {ChartSpec}
 */
export function shareChart({ said, points, lines, connected }) {
  const numbers = points.map((_, index) => index)
  const low = points.map(({ bounds }) => bounds?.[0] ?? null)
  const high = points.map(({ bounds }) => bounds?.[1] ?? null)
  const values = points.map(({ value }) => value)
  const flat = lines.map(({ bound }) => numbers.map(() => bound))
  return {
    said,
    height: 220,
    data: [numbers, low, high, values, ...flat],
    options: (colors) => ({
      padding: [12, 18, 0, 0],
      scales: {
        x: { time: false, range: () => [-0.5, Math.max(0.5, points.length - 0.5)] },
        y: { range: () => [0, top([...high, ...values, ...flat.flat()])] },
      },
      axes: [
        {
          ...quietAxis(colors),
          size: 30,
          grid: { show: false },
          splits: (plot) => labelled(numbers, plot.width),
          values: (_, splits) => splits.map((index) => points[index]?.key ?? ''),
        },
        { ...quietAxis(colors), size: 52, values: (_, splits) => splits.map((share) => percent(share)) },
      ],
      bands: connected ? [{ series: [2, 1], fill: colors.band }] : [],
      series: [
        {},
        { paths: edge(connected), stroke: colors.band, points: { show: false }, spanGaps: true },
        { paths: edge(connected), stroke: colors.band, points: { show: false }, spanGaps: true },
        {
          stroke: colors.accent,
          width: 2,
          spanGaps: true,
          ...(connected ? {} : { paths: () => null }),
          points: { show: true, size: 9, fill: colors.accent, stroke: colors.accent },
        },
        ...lines.map(({ kind }) => ({
          stroke: colors[kind],
          width: 2,
          dash: kind === 'bad' ? [] : [6, 4],
          points: { show: false },
        })),
      ],
      hooks: connected ? {} : { drawAxes: [(plot) => whiskers(plot, low, high, colors)] },
    }),
  }
}

/** @param {boolean} connected */
function edge(connected) {
  return connected ? uPlot.paths.linear?.() : () => null
}

/** A little above what is to be seen. @param {(number | null)[]} shares */
function top(shares) {
  const highest = Math.max(0.1, ...shares.map((share) => share ?? 0))
  return Math.min(1, Math.ceil(highest * 10.5) / 10)
}

/** As many of them as have room, at most eight; the last one always. @param {number[]} numbers @param {number} width */
function labelled(numbers, width) {
  const step = Math.ceil(numbers.length / Math.max(1, Math.min(8, Math.floor(width / 95))))
  return numbers.filter((index) => (numbers.length - 1 - index) % step === 0)
}

/**
 * @param {uPlot} plot
 * @param {(number | null)[]} low
 * @param {(number | null)[]} high
 * @param {Colors} colors
 */
function whiskers(plot, low, high, colors) {
  const { ctx } = plot
  ctx.save()
  ctx.strokeStyle = colors.band
  ctx.lineWidth = 10 * devicePixelRatio
  ctx.lineCap = 'round'
  for (const [index, from] of low.entries()) {
    const to = high[index]
    if (from === null || to === null || to === undefined) continue
    const x = plot.valToPos(index, 'x', true)
    ctx.beginPath()
    ctx.moveTo(x, plot.valToPos(from, 'y', true))
    ctx.lineTo(x, plot.valToPos(to, 'y', true))
    ctx.stroke()
  }
  ctx.restore()
}
