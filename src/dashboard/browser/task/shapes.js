import { html, nothing, svg } from 'lit-html'
import { contentOf, describe, labelsOf } from './regions.js'

/** @import { Region } from './regions.js' */

/** Where the size of the picture is not known. */
const [WIDTH, HEIGHT] = [1000, 750]

/** @param {Region} region */
export function isShape(region) {
  const { x, y, width, height, radiusX, points } = contentOf(region)
  const isPlaced = typeof x === 'number' && typeof y === 'number'
  return (
    (isPlaced && (typeof radiusX === 'number' || typeof width === 'number' || typeof height === 'number')) ||
    isOutline(points)
  )
}

/** @param {unknown} points */
function isOutline(points) {
  return (
    Array.isArray(points) &&
    points.every((point) => Array.isArray(point) && point.every((part) => typeof part === 'number'))
  )
}

/**
 * Both sides drawn over each other. The picture itself lies on another host, which this page does not ask: it is shown
 * only where the task's data holds it; otherwise the shapes stand on an empty sheet of its proportions.
 *
 * @param {Region[]} predicted
 * @param {Region[]} corrected
 * @param {unknown} picture what the task's data has for it
 */
export function shapeDiff(predicted, corrected, picture) {
  const { original_width, original_height } = predicted[0] ?? corrected[0] ?? {}
  const [width, height] =
    original_width > 0 && original_height > 0 ? [original_width, original_height] : [WIDTH, HEIGHT]
  const said = `Predicted: ${predicted.map(describe).join('; ') || 'nothing'}. Corrected: ${corrected.map(describe).join('; ') || 'nothing'}.`
  const own = typeof picture === 'string' && picture.startsWith('data:image/') ? picture : null
  return html`<figure class="shapes">
    <svg viewBox="0 0 ${width} ${height}" role="img" aria-label=${said}>
      <rect class="sheet" width=${width} height=${height}></rect>
      ${own ? svg`<image href=${own} width=${width} height=${height}></image>` : nothing}
      <g class="predicted">${predicted.map((region) => draw(region, width, height, 'above'))}</g>
      <g class="corrected">${corrected.map((region) => draw(region, width, height, 'below'))}</g>
    </svg>
    <figcaption class="legend">
      <span class="together"><span class="key dashed"></span> predicted</span> <span class="together"><span class="key solid"></span> corrected</span>
      ${own ? nothing : html`<span class="quiet">The picture is in Label Studio.</span>`}
    </figcaption>
    <details><summary>As numbers, in percent of the picture</summary>${twoLists(predicted, corrected)}</details>
  </figure>`
}

/**
 * @param {Region} region
 * @param {number} width
 * @param {number} height
 * @param {'above' | 'below'} labelled so that the labels of both sides can be read where they lie on each other
 */
function draw(region, width, height, labelled) {
  const value = contentOf(region)
  const x = (/** @type {number} */ share) => (share * width) / 100
  const y = (/** @type {number} */ share) => (share * height) / 100
  const size = Math.max(width, height) / 34
  const label = labelsOf(region).join(', ')
  const { left, top, bottom } = edgesOf(value)
  const above = Math.max(y(top) - size / 3, size)
  const below = Math.min(y(bottom) + size, height - size / 3)
  const text = svg`<text x=${x(left)} y=${labelled === 'above' ? above : below} font-size=${size}>${label}</text>`
  if (isOutline(value.points)) {
    const points = value.points
      .map((/** @type {number[]} */ [px = 0, py = 0]) => `${x(px)},${y(py)}`)
      .join(' ')
    return svg`<polygon points=${points}></polygon>${text}`
  }
  const turn = `rotate(${Number(value.rotation) || 0} ${x(value.x)} ${y(value.y)})`
  if (typeof value.radiusX === 'number')
    return svg`<ellipse cx=${x(value.x)} cy=${y(value.y)} rx=${x(value.radiusX)} ry=${y(value.radiusY)} transform=${turn}></ellipse>${text}`
  if (typeof value.height === 'number')
    return svg`<rect x=${x(value.x)} y=${y(value.y)} width=${x(value.width)} height=${y(value.height)} transform=${turn}></rect>${text}`
  return svg`<circle cx=${x(value.x)} cy=${y(value.y)} r=${size / 2}></circle>${text}`
}

/** How far a shape that is not turned reaches, in percent of the picture. @param {Record<string, any>} value */
function edgesOf({ x, y, height = 0, radiusX = 0, radiusY = 0, points }) {
  if (!isOutline(points) || points.length === 0)
    return { left: x - radiusX, top: y - radiusY, bottom: y + Math.max(height, radiusY) }
  const ys = points.map((/** @type {number[]} */ [, py = 0]) => py)
  return {
    left: Math.min(...points.map((/** @type {number[]} */ [px = 0]) => px)),
    top: Math.min(...ys),
    bottom: Math.max(...ys),
  }
}

/** @param {Region[]} predicted @param {Region[]} corrected */
function twoLists(predicted, corrected) {
  const list = (/** @type {Region[]} */ regions) =>
    regions.length === 0
      ? html`<p class="quiet">nothing</p>`
      : html`<ul>${regions.map((region) => html`<li>${describe(region)}</li>`)}</ul>`
  return html`<div class="sides"><div><h4>Predicted</h4>${list(predicted)}</div><div><h4>Corrected</h4>${list(corrected)}</div></div>`
}
