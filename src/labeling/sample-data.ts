import { toDateText } from './datetime.ts'
import type { DataReference, LabelingConfig, ObjectTag } from './types.ts'
import { attribute } from './xml.ts'

/** The text that sample spans point into. */
export const SAMPLE_TEXT = 'Ada Lovelace wrote the first program in London.'

/** The labels of a config that takes them from the task's data. */
export const SAMPLE_LABELS = ['Label 1', 'Label 2']

export const SAMPLE_ITEMS = ['item-1', 'item-2', 'item-3']

/** What a task for this config may hold below a data key; media are files that every Label Studio serves itself. */
export function sampleData(config: LabelingConfig, key: string): unknown {
  const object = config.objects.find((one) => one.field !== null && baseOf(one.field) === key)
  const reference = config.references?.find((one) => one.field === key)
  const value = object ? shownBy(object) : elsewhere(reference)
  // Inside a Repeater (`$pages[{{idx}}].url`) the key holds the list that is repeated.
  const repeated = object?.field ? /\[[^\]]*\](?:\.(\w+))?/.exec(object.field) : null
  if (!repeated) return value
  const item = repeated[1] ? { [repeated[1]]: value } : value
  return [item, item]
}

function baseOf(field: string): string {
  return field.split('[')[0] as string
}

function elsewhere(reference: DataReference | undefined): unknown {
  const tag = reference?.tag.toLowerCase() ?? ''
  if (reference?.attribute.startsWith('framerate')) return '24'
  if (reference?.attribute.startsWith('audioUrl')) return '/static/samples/game.wav'
  if (tag === 'repeater') return ['1', '2']
  if (tag === 'choices' || tag === 'taxonomy' || tag.endsWith('labels'))
    return SAMPLE_LABELS.map((value) => ({ value }))
  return 'Sample text'
}

function shownBy(object: ObjectTag): unknown {
  const isUrl = attribute(object, 'valueType') === 'url'
  const isList = attribute(object, 'valueList') !== undefined
  switch (object.tag.toLowerCase()) {
    case 'text':
      return isUrl ? 'https://example.com/text.txt' : SAMPLE_TEXT
    case 'hypertext':
      return isUrl ? '/static/samples/hypertext.html' : `<p>${SAMPLE_TEXT}</p>`
    case 'image':
      return isList ? ['/static/samples/sample.jpg'] : '/static/samples/sample.jpg'
    case 'audio':
    case 'audioplus':
      return '/static/samples/game.wav'
    case 'video':
      return '/static/samples/opossum_snow.mp4'
    case 'pdf':
      return '/static/samples/sample.pdf'
    case 'paragraphs':
      return isUrl ? '/static/samples/paragraphs.json' : dialogue(object)
    case 'chat':
      return [
        { role: 'user', content: 'Who wrote the first program?' },
        { role: 'assistant', content: 'Ada Lovelace.' },
      ]
    case 'list':
      return SAMPLE_ITEMS.map((id) => ({ id, title: `Title of ${id}`, body: SAMPLE_TEXT }))
    case 'table':
      return { Name: 'Ada Lovelace', City: 'London' }
    case 'timeseries':
      return series(object)
    case 'reactcode':
      return {}
    default:
      return elsewhere({ field: '', tag: object.tag, name: object.name, attribute: '' })
  }
}

function dialogue(object: ObjectTag): Record<string, string>[] {
  const author = attribute(object, 'nameKey') || 'author'
  const text = attribute(object, 'textKey') || 'text'
  return [
    { [author]: 'Ada', [text]: 'Hello, Charles!' },
    { [author]: 'Charles', [text]: 'Good morning, Ada.' },
  ]
}

const POINTS = 100

function series(object: ObjectTag): unknown {
  const [valueType = 'url', timeColumn, timeFormat, sep] = [
    'valueType',
    'timeColumn',
    'timeFormat',
    'sep',
  ].map((name) => attribute(object, name))
  const columns = object.columns ?? []
  if (valueType === 'url') {
    const query = new URLSearchParams({
      ...(timeColumn ? { time: timeColumn } : {}),
      values: columns.join(','),
    })
    if (sep) query.set('sep', sep)
    if (timeFormat) query.set('tf', timeFormat)
    return `/samples/time-series.csv?${query}`
  }
  const indices = Array.from({ length: POINTS }, (_, index) => index)
  const values = columns.map((column, offset) => [column, indices.map((index) => (index + offset) % 10)])
  const times = timeColumn ? [[timeColumn, indices.map((index) => sampleTime(object, index))]] : []
  return Object.fromEntries([...times, ...values])
}

const SECOND = 1000
const STEPS: [directive: string, milliseconds: number][] = [
  ['%S', SECOND],
  ['%M', 60 * SECOND],
  ['%H', 3600 * SECOND],
]

/** The time of a sample series' point, as its time column has it: an index, or in its `timeFormat` from 2020-01-01 on. */
export function sampleTime(object: ObjectTag | undefined, index: number): number | string {
  const format = object && attribute(object, 'timeFormat')
  if (!format?.includes('%')) return index
  const step = STEPS.find(([directive]) => format.includes(directive))?.[1] ?? 24 * 3600 * SECOND
  const moment = new Date(Date.UTC(2020, 0, 1) + index * step).toISOString().slice(0, 19)
  const text = toDateText(moment, { format })
  return text === undefined || text === moment ? index : text
}
