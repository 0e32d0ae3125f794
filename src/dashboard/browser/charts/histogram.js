import uPlot from 'uplot'
import { quietAxis } from './chart.js'

/** @import { ChartSpec } from './chart.js' */

/** What each bucket of a `similarity_histogram` holds. */
export const BUCKETS = [
  ...Array.from({ length: 10 }, (_, tenth) => `${tenth * 10} to ${tenth * 10 + 10} %`),
  'unchanged',
]

/**
 * How many tasks have which similarity.
 *
 * @param {string} said
 * @param {number[]} counts as in `similarity_histogram`
 * @returns {ChartSpec}
 */
export function histogram(said, counts) {
  const numbers = counts.map((_, index) => index)
  return {
    said,
    height: 130,
    data: [numbers, counts],
    options: (colors) => ({
      padding: [8, 26, 0, 0],
      scales: {
        x: { time: false, range: () => [-0.6, counts.length - 0.4] },
        y: { range: (_, _low, high) => [0, Math.max(1, high)] },
      },
      axes: [
        {
          ...quietAxis(colors),
          size: 30,
          grid: { show: false },
          splits: () => [-0.5, 4.5, 10],
          values: () => ['0 %', '50 %', 'unchanged'],
        },
        {
          ...quietAxis(colors),
          size: 40,
          incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000],
        },
      ],
      series: [
        {},
        {
          fill: colors.accent,
          width: 0,
          points: { show: false },
          paths: uPlot.paths.bars?.({ size: [0.86, 60] }),
        },
      ],
    }),
  }
}
