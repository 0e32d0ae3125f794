import { toDateText } from './datetime.ts'
import { numberOf } from './prediction-facts.ts'
import { isAttached } from './prediction-region.ts'
import { SAMPLE_ITEMS, SAMPLE_LABELS, SAMPLE_TEXT, sampleTime } from './sample-data.ts'
import { kindOf } from './tags.ts'
import type { ControlTag, LabelingConfig, ObjectTag } from './types.ts'
import { attribute } from './xml.ts'

/** A mask for Label Studio's sample image (600 × 403 pixels, four values each): a band from row 100 to row 199. */
const MASK = [
  0, 14, 194, 32, 57, 27, 255, 255, 255, 0, 255, 255, 224, 31, 255, 252, 3, 212, 191, 128, 127, 255, 255, 255,
  255, 255, 255, 255, 255, 255, 253, 75, 255, 255, 255, 255, 0, 255, 255, 224, 31, 255, 252, 3, 255, 255, 128,
  127, 255, 240, 15, 255, 254, 1, 255, 255, 192, 59, 120, 248, 0,
]

/** One transparent pixel. */
const PNG =
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=='

/** The plain value that a log record may hold for a control tag, fitting the sample task's data. */
export function sampleValue(config: LabelingConfig, control: ControlTag): unknown {
  const object = config.objects.find((one) => one.name === control.toName[0])
  const { family, key } = kindOf(control.type)
  const label = firstLabel(control)
  const labelled = key === null ? {} : { label }
  switch (family) {
    case 'choices':
      return control.paths ? [control.paths[0] ?? [label]] : (showingChoice(config, control) ?? label)
    case 'taxonomy':
      return [leafOf(control) ?? [label]]
    case 'textarea':
      return 'Sample answer'
    case 'number':
      return Math.max(bound(control, 'min') ?? 1, Math.min(1, bound(control, 'max') ?? 1))
    case 'rating':
      return Math.min(3, bound(control, 'maxRating') ?? 3)
    case 'datetime':
      return dateOf(control)
    case 'pairwise':
      return 'left'
    case 'ranker':
      return control.labels[0] === undefined ? SAMPLE_ITEMS : { [control.labels[0]]: SAMPLE_ITEMS }
    case 'span':
      return isAttached(config, control) ? label : { ...spanOn(control, object), label }
    case 'rectangle':
      return { x: 10, y: 10, width: 30, height: 20, ...labelled }
    case 'ellipse':
      return { x: 50, y: 50, radiusX: 20, radiusY: 10, ...labelled }
    case 'polygon':
      return {
        points: [
          [10, 10],
          [40, 10],
          [25, 40],
        ],
        ...labelled,
      }
    case 'keypoint':
      return { x: 50, y: 50, ...labelled }
    case 'brush':
      return { rle: MASK, original_width: 600, original_height: 403, ...labelled }
    case 'bitmask':
      return { imageDataURL: PNG, ...labelled }
    case 'vector':
      return {
        vertices: [
          { x: 10, y: 10 },
          { x: 40, y: 40 },
        ],
        ...labelled,
      }
    case 'video':
      return videoOf(config, control)
    case 'chat':
      return 'Sample answer'
    default:
      return { [control.type]: {} }
  }
}

function bound(control: ControlTag, name: string): number | undefined {
  return numberOf(attribute(control, name))
}

function firstLabel(control: ControlTag): string {
  return control.labels[0] ?? (SAMPLE_LABELS[0] as string)
}

/** The choice that shows another tag (`visibleWhen`), if one does. */
function showingChoice(config: LabelingConfig, { name, labels }: ControlTag): string | undefined {
  const conditions = config.controls.flatMap(({ visibleWhen }) => visibleWhen ?? [])
  const wanted = conditions.filter(({ tag, chosen }) => tag === name && chosen)
  return wanted.flatMap(({ values }) => values ?? []).find((value) => labels.includes(value))
}

/** The choices, and ends of paths, that the sample value of a control has. */
function sampleChoices(config: LabelingConfig, control: ControlTag): string[] {
  const value = sampleValue(config, control)
  return (Array.isArray(value) ? value : [value]).map((choice) => String([choice].flat().at(-1)))
}

/** Which condition of a control's `visibleWhen` the other sample values do not meet; null when they show it. */
export function unmetCondition(config: LabelingConfig, control: ControlTag): string | null {
  for (const { tag, values, chosen } of control.visibleWhen ?? []) {
    const asked = config.controls.filter(
      ({ name, type }) =>
        name !== control.name && ['choices', 'taxonomy'].includes(type) && (tag === null || name === tag),
    )
    const isChosen = asked.some(
      (one) => values === null || sampleChoices(config, one).some((choice) => values.includes(choice)),
    )
    if (isChosen === chosen) continue
    return `"${tag ?? 'another tag'}" ${chosen ? 'is' : 'is not'} ${values?.join(' or ') ?? 'answered'}`
  }
  return null
}

function leafOf(control: ControlTag): string[] | undefined {
  const isParent = (path: string[]) =>
    control.paths?.some(
      (other) => other.length > path.length && path.every((step, index) => other[index] === step),
    )
  return control.paths?.find((path) => !isParent(path))
}

function dateOf(control: ControlTag): string {
  const [format, only] = [attribute(control, 'format'), attribute(control, 'only')]
  if (only === 'time') return '12:00'
  return toDateText('2024-03-30T12:00', { format, only }) ?? '2024-03-30'
}

function spanOn(control: ControlTag, object: ObjectTag | undefined): Record<string, unknown> {
  const tag = object?.tag.toLowerCase() ?? ''
  const end = SAMPLE_TEXT.indexOf(' wrote')
  if (control.type === 'timelinelabels') return { start: 1, end: 10 }
  if (tag === 'timeseries') return { start: sampleTime(object, 10), end: sampleTime(object, 20) }
  if (tag === 'paragraphs') return { start: 0, end: 0, startOffset: 0, endOffset: 5 }
  if (tag.startsWith('audio')) return { start: 0.5, end: 2.5 }
  if (tag !== 'hypertext') return { start: 0, end }
  const node = '/p[1]/text()[1]'
  return { start: node, end: node, startOffset: 0, endOffset: end, globalOffsets: { start: 0, end } }
}

function videoOf(config: LabelingConfig, control: ControlTag): unknown {
  const isVector = control.type.startsWith('videovector')
  const shape = isVector
    ? {
        vertices: [
          { x: 10, y: 10 },
          { x: 40, y: 40 },
        ],
      }
    : { x: 10, y: 10, width: 20, height: 20 }
  const sequence = [1, 10].map((frame) => ({ frame, ...shape }))
  const labels = control.type.endsWith('labels')
    ? control
    : config.controls.find((one) => one.type === 'labels' && one.toName[0] === control.toName[0])
  const isLabelled = labels !== undefined && control.type !== 'videovector'
  return { sequence, framesCount: 25, duration: 1, ...(isLabelled ? { label: firstLabel(labels) } : {}) }
}
