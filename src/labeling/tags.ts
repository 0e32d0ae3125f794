/** How the value of a control tag's region is built and checked; tags of one family differ only in their labels. */
export type Family =
  | 'choices'
  | 'taxonomy'
  | 'textarea'
  | 'number'
  | 'rating'
  | 'datetime'
  | 'pairwise'
  | 'ranker'
  | 'span'
  | 'rectangle'
  | 'ellipse'
  | 'polygon'
  | 'keypoint'
  | 'brush'
  | 'bitmask'
  | 'vector'
  | 'video'
  | 'chat'
  | 'generic'

export interface TagKind {
  family: Family
  /** The key of a region's `value` that holds the answer or the labels; null where there is only a shape. */
  key: string | null
  /** Whether the answer is given once for the task, not at a place in its data. */
  perTask: boolean
}

const answer = (family: Family, key: string): TagKind => ({ family, key, perTask: true })
const place = (family: Family, key: string | null): TagKind => ({ family, key, perTask: false })

/** Every type of region that Label Studio's SDK knows, and the shape of its value. */
const KINDS = new Map<string, TagKind>(
  Object.entries({
    choices: answer('choices', 'choices'),
    taxonomy: answer('taxonomy', 'taxonomy'),
    textarea: answer('textarea', 'text'),
    number: answer('number', 'number'),
    rating: answer('rating', 'rating'),
    datetime: answer('datetime', 'datetime'),
    pairwise: answer('pairwise', 'selected'),
    ranker: answer('ranker', 'ranker'),
    labels: place('span', 'labels'),
    hypertextlabels: place('span', 'hypertextlabels'),
    paragraphlabels: place('span', 'paragraphlabels'),
    timeserieslabels: place('span', 'timeserieslabels'),
    timelinelabels: place('span', 'timelinelabels'),
    rectangle: place('rectangle', null),
    rectanglelabels: place('rectangle', 'rectanglelabels'),
    ocrlabels: place('rectangle', 'ocrlabels'),
    ellipse: place('ellipse', null),
    ellipselabels: place('ellipse', 'ellipselabels'),
    polygon: place('polygon', null),
    polygonlabels: place('polygon', 'polygonlabels'),
    keypoint: place('keypoint', null),
    keypointlabels: place('keypoint', 'keypointlabels'),
    brush: place('brush', null),
    brushlabels: place('brush', 'brushlabels'),
    magicwand: place('brush', null),
    bitmask: place('bitmask', null),
    bitmasklabels: place('bitmask', 'bitmasklabels'),
    vector: place('vector', null),
    vectorlabels: place('vector', 'vectorlabels'),
    videorectangle: place('video', 'labels'),
    videovector: place('video', null),
    videovectorlabels: place('video', 'labels'),
    chatmessage: place('chat', 'chatmessage'),
  }),
)

/** The kind of a region type; a type that Label Studio's SDK doesn't know is passed through as it comes. */
export function kindOf(type: string): TagKind {
  return KINDS.get(type) ?? { family: 'generic', key: type, perTask: true }
}

/** Tags that are control and object at once; their regions point at the tag itself. Tag in lower case → type of its regions. */
export const SELF_REFERENCING = new Map([
  ['chat', 'chatmessage'],
  ['reactcode', 'reactcode'],
])

/** Tags with `name` and `toName` that take no answer. */
export const NOT_CONTROLS = new Set(['filter'])

/** Tags whose children, or task data, say which labels there are. */
export const LABEL_TAGS = new Set(['label', 'choice'])

/** Control tags that Label Studio refuses without `name` and `toName`. */
export const NEEDS_TO_NAME = new Set(['choices', 'labels', 'textarea', 'number'])

type Shown = 'scalar' | 'text' | 'list' | 'structure'

const SHOWN = new Map<string, Shown>(
  Object.entries({
    text: 'scalar',
    header: 'scalar',
    image: 'list',
    paragraphs: 'structure',
    chat: 'structure',
    list: 'structure',
    ranker: 'structure',
    table: 'structure',
    timeseries: 'structure',
    timeserieschannel: 'structure',
    choices: 'structure',
    taxonomy: 'structure',
    repeater: 'structure',
    reactcode: 'structure',
  } as const),
)

/**
 * What Label Studio's import takes as the data that a tag shows: any scalar or list of scalars (`scalar`), text only
 * (`text`), text or a list (`list`), or a structure (`structure`), for which text is a URL to read it from.
 */
export function shownAs(tag: string): Shown {
  const lower = tag.toLowerCase()
  return SHOWN.get(lower) ?? (lower.endsWith('labels') ? 'structure' : 'text')
}
