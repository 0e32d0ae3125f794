import uPlot from 'uplot'

/** @import { Options, AlignedData } from 'uplot' */

/**
 * A chart in the colours of the page.
 *
 * @typedef {object} ChartSpec
 * @property {string} said what it shows, in a sentence
 * @property {AlignedData} data
 * @property {(colors: Colors) => Partial<Options>} options
 * @property {number} height in CSS pixels
 */

/** @typedef {Record<'text' | 'quiet' | 'line' | 'accent' | 'band' | 'bad' | 'warn', string>} Colors */

/**
 * `<uplot-chart .spec=${spec}>`: draws with uPlot, as wide as its place, anew when the place, the data or the colours
 * of the page change. Drawn on a canvas, so the same numbers must stand in a table beside it.
 */
class UplotChart extends HTMLElement {
  /** @type {ChartSpec | null} */
  #spec = null
  /** @type {uPlot | null} */
  #plot = null
  #drawn = ''
  #resizes = new ResizeObserver(() => this.#fit())
  #dark = matchMedia('(prefers-color-scheme: dark)')
  #redraw = () => this.#draw()

  /** @param {ChartSpec} spec */
  set spec(spec) {
    const same = JSON.stringify([spec.data, spec.said]) === this.#drawn
    this.#spec = spec
    if (this.isConnected && !same) this.#draw()
  }

  connectedCallback() {
    this.setAttribute('role', 'img')
    this.#resizes.observe(this)
    this.#dark.addEventListener('change', this.#redraw)
    this.#draw()
  }

  disconnectedCallback() {
    this.#resizes.disconnect()
    this.#dark.removeEventListener('change', this.#redraw)
    this.#plot?.destroy()
    this.#plot = null
  }

  #fit() {
    if (!this.#plot || !this.#spec) return
    const width = this.clientWidth
    if (width > 0 && width !== this.#plot.width) this.#plot.setSize({ width, height: this.#spec.height })
  }

  #draw() {
    if (!this.#spec) return
    const { said, data, options, height } = this.#spec
    this.setAttribute('aria-label', said)
    this.#plot?.destroy()
    const own = { width: this.clientWidth || 300, height, legend: { show: false }, cursor: { show: false } }
    const given = options(this.#colors())
    this.#plot = new uPlot({ ...own, series: [{}], ...given }, data, this)
    this.#drawn = JSON.stringify([data, said])
  }

  /** A canvas knows no CSS variables: they are resolved by an element that has them. */
  #colors() {
    const probe = document.createElement('span')
    this.append(probe)
    const names = /** @type {const} */ (['text', 'quiet', 'line', 'accent', 'band', 'bad', 'warn'])
    const colors = names.map((name) => {
      probe.style.color = `var(--${name})`
      return [name, getComputedStyle(probe).color]
    })
    probe.remove()
    return /** @type {Colors} */ (Object.fromEntries(colors))
  }
}

customElements.define('uplot-chart', UplotChart)

/** Axes as quiet as possible. @param {Colors} colors @returns {Pick<uPlot.Axis, 'stroke' | 'grid' | 'ticks' | 'font'>} */
export function quietAxis({ quiet, line }) {
  return {
    stroke: quiet,
    grid: { stroke: line, width: 1 },
    ticks: { show: false },
    font: '12px system-ui, sans-serif',
  }
}
