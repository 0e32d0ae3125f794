import { shareChart } from './share-chart.js'

/** @import { ChartSpec } from './chart.js' */
/** @import { Line, SharePoint } from './share-chart.js' */

/** After the numbers of the points and their bounds. */
const VALUES = 3

/**
 * The last shares without axes.
 *
 * @param {string} said
 * @param {SharePoint[]} points
 * @param {Line[]} lines
 * @returns {ChartSpec}
 */
export function sparkline(said, points, lines) {
  const { data, options } = shareChart({ said, points, lines, connected: true })
  return {
    said,
    data,
    height: 44,
    options: (colors) => {
      const { series = [], ...rest } = options(colors)
      return {
        ...rest,
        padding: [4, 4, 4, 4],
        axes: [{ show: false }, { show: false }],
        series: series.map((each, index) => (index === VALUES ? { ...each, points: { show: false } } : each)),
      }
    },
  }
}
