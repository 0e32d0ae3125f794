import { encode } from '@thi.ng/rle-pack'
import type { Region } from '../../../src/labeling/types.ts'

/** A labeling config, and what a reviewer makes of the service's own sample prediction for it. */
export interface Kind {
  says: string
  config: string
  /** What else the model predicts besides the sample. */
  more?: (sample: Region[]) => Region[]
  /** The control that the reviewer edits, and the new value of its first region. */
  control: string
  edit: (value: Record<string, unknown>) => Record<string, unknown>
  /** Of the edited control with the prediction, worked by hand. */
  similarity: number
  /** Of what is left where the first region was removed; 0 where that is all. */
  left?: number
  /** Predicted label, the reviewer's, and how often in the three tasks: accepted, edited, removed. */
  confusion?: [predicted: string, corrected: string | null, count: number][]
  edits?: [removed: string, added: string, count: number][]
}

const text = '<Text name="t" value="$t"/>'
const image = '<Image name="i" value="$i"/>'
const labels = '<Label value="A"/><Label value="B"/>'
const choices = '<Choice value="A"/><Choice value="B"/>'

/** A sample's label is A: once accepted, once edited without touching it, once removed. */
const LEFT = [
  ['A', 'A', 2],
  ['A', null, 1],
] satisfies Kind['confusion']
/** Once accepted, once made B, once removed. */
const TAKEN_FOR_B = [
  ['A', 'A', 1],
  ['A', 'B', 1],
  ['A', null, 1],
] satisfies Kind['confusion']

/** The upper half of the sample's mask: rows 100 to 149 of 600 × 403 pixels, four values each. */
function halfMask(): number[] {
  const pixels = new Uint8Array(600 * 403 * 4)
  pixels.fill(255, 100 * 600 * 4, 150 * 600 * 4)
  return [...encode(pixels, pixels.length, 8, [3, 4, 8, 16])]
}

/** `first` with an end that is `to`. */
const until = (key: string, to: unknown) => (value: Record<string, unknown>) => ({ ...value, [key]: to })

export const KINDS: Kind[] = [
  {
    says: 'a single choice',
    config: `<View>${text}<Choices name="c" toName="t">${choices}</Choices></View>`,
    ...{ control: 'c', edit: () => ({ choices: ['B'] }), similarity: 0, confusion: TAKEN_FOR_B },
  },
  {
    says: 'several choices',
    config: `<View>${text}<Choices name="c" toName="t" choice="multiple">${choices}</Choices></View>`,
    ...{ control: 'c', edit: () => ({ choices: ['B', 'A'] }), similarity: 1 / 2, confusion: LEFT },
  },
  {
    says: 'a taxonomy',
    config: `<View>${text}<Taxonomy name="x" toName="t"><Choice value="A"><Choice value="A1"/><Choice value="A2"/></Choice></Taxonomy></View>`,
    ...{ control: 'x', edit: () => ({ taxonomy: [['A', 'A2']] }), similarity: 1 / 3 },
    confusion: [
      ['A/A1', 'A/A1', 1],
      ['A/A1', 'A/A2', 1],
      ['A/A1', null, 1],
    ],
  },
  {
    says: 'free text',
    config: `<View>${text}<TextArea name="a" toName="t"/></View>`,
    ...{ control: 'a', edit: () => ({ text: ['Sample answers'] }), similarity: 13 / 14 },
    edits: [
      ['Sample answer', '', 1],
      ['answer', 'answers', 1],
    ],
  },
  {
    says: 'a number',
    config: `<View>${text}<Number name="n" toName="t"/></View>`,
    ...{ control: 'n', edit: () => ({ number: 3 }), similarity: 1 / 3 },
  },
  {
    says: 'a rating',
    config: `<View>${text}<Rating name="r" toName="t"/></View>`,
    ...{ control: 'r', edit: () => ({ rating: 4 }), similarity: 1 / 2 },
  },
  {
    says: 'a date',
    config: `<View>${text}<DateTime name="d" toName="t" only="date"/></View>`,
    ...{ control: 'd', edit: () => ({ datetime: '2024-04-01' }), similarity: 0 },
  },
  {
    says: 'the better of two',
    config: `<View><Text name="a" value="$a"/><Text name="b" value="$b"/><Pairwise name="p" toName="a,b"/></View>`,
    ...{ control: 'p', edit: () => ({ selected: 'right' }), similarity: 0 },
    confusion: [
      ['left', 'left', 1],
      ['left', 'right', 1],
      ['left', null, 1],
    ],
  },
  {
    says: 'a ranking',
    config: '<View><List name="l" value="$l"/><Ranker name="k" toName="l"/></View>',
    control: 'k',
    edit: () => ({ ranker: { k: ['item-2', 'item-1', 'item-3'] } }),
    similarity: 2 / 3,
  },
  {
    says: 'entities with a relation',
    config: `<View><Relations><Relation value="wrote"/></Relations><Labels name="n" toName="t">${labels}</Labels>${text}</View>`,
    more: ([first]) => [
      { ...first, id: 'second', value: { start: 40, end: 46, text: 'London', labels: ['B'] } },
      { type: 'relation', from_id: first?.id, to_id: 'second', direction: 'right', labels: ['wrote'] },
    ],
    // Ada (of 12 characters) and London are left: best matches 1/4, 1, 1/4 and 1; London alone leaves 0, 1 and 1
    ...{ control: 'n', edit: until('end', 3), similarity: 5 / 8, left: 2 / 3 },
    confusion: [
      ['A', 'A', 2],
      ['A', null, 1],
      ['B', 'B', 3],
    ],
  },
  {
    says: 'spans of HTML',
    config: `<View><HyperTextLabels name="h" toName="p">${labels}</HyperTextLabels><HyperText name="p" value="$h"/></View>`,
    control: 'h',
    edit: (value) => ({ ...value, endOffset: 3, globalOffsets: { start: 0, end: 3 }, text: 'Ada' }),
    ...{ similarity: 1 / 4, confusion: LEFT },
  },
  {
    says: 'spans of a dialogue',
    config: `<View><ParagraphLabels name="q" toName="p">${labels}</ParagraphLabels><Paragraphs name="p" value="$d" layout="dialogue"/></View>`,
    ...{ control: 'q', edit: until('endOffset', 4), similarity: 4 / 5, confusion: LEFT },
  },
  {
    says: 'boxes with a text of their own',
    config: `<View>${image}<RectangleLabels name="r" toName="i">${labels}</RectangleLabels>
      <TextArea name="a" toName="i" perRegion="true"/></View>`,
    ...{ control: 'r', edit: until('x', 20), similarity: 1 / 2, confusion: LEFT },
  },
  {
    says: 'a text of its own for a box',
    config: `<View>${image}<RectangleLabels name="r" toName="i">${labels}</RectangleLabels>
      <TextArea name="a" toName="i" perRegion="true"/></View>`,
    control: 'a',
    edit: (value) => ({ ...value, text: ['Sample answers'] }),
    similarity: 13 / 14,
    edits: [
      ['Sample answer', '', 1],
      ['answer', 'answers', 1],
    ],
  },
  {
    says: 'ellipses',
    config: `<View>${image}<EllipseLabels name="e" toName="i">${labels}</EllipseLabels></View>`,
    ...{ control: 'e', edit: until('radiusX', 10), similarity: 1 / 2, confusion: LEFT },
  },
  {
    says: 'polygons',
    config: `<View>${image}<PolygonLabels name="g" toName="i">${labels}</PolygonLabels></View>`,
    control: 'g',
    edit: until('points', [
      [10, 10],
      [40, 10],
      [25, 25],
    ]),
    ...{ similarity: 1 / 2, confusion: LEFT },
  },
  {
    says: 'key points',
    config: `<View>${image}<KeyPointLabels name="k" toName="i">${labels}</KeyPointLabels></View>`,
    ...{ control: 'k', edit: until('x', 55), similarity: 0, confusion: LEFT },
  },
  {
    says: 'masks',
    config: `<View>${image}<BrushLabels name="m" toName="i">${labels}</BrushLabels></View>`,
    ...{ control: 'm', edit: until('rle', halfMask()), similarity: 1 / 2, confusion: LEFT },
  },
  {
    says: 'objects in a video',
    config: `<View><Labels name="l" toName="v">${labels}</Labels><VideoRectangle name="b" toName="v"/><Video name="v" value="$v"/></View>`,
    control: 'b',
    edit: ({ sequence, ...value }) => ({
      ...value,
      sequence: (sequence as object[]).map((frame) => ({ ...frame, width: 10 })),
    }),
    ...{ similarity: 1 / 2, confusion: LEFT },
  },
  {
    says: 'stretches of a video',
    config: `<View><Video name="v" value="$v"/><TimelineLabels name="s" toName="v">${labels}</TimelineLabels></View>`,
    ...{ control: 's', edit: until('ranges', [{ start: 1, end: 5 }]), similarity: 4 / 9, confusion: LEFT },
  },
  {
    says: 'stretches of a time series',
    config: `<View><TimeSeriesLabels name="e" toName="s">${labels}</TimeSeriesLabels>
      <TimeSeries name="s" value="$s" valueType="json" timeColumn="t"><Channel column="y"/></TimeSeries></View>`,
    ...{ control: 'e', edit: until('end', 15), similarity: 1 / 2, confusion: LEFT },
  },
  {
    says: 'stretches of sound',
    config: `<View><Labels name="s" toName="a">${labels}</Labels><Audio name="a" value="$a"/></View>`,
    ...{ control: 's', edit: until('end', 1.5), similarity: 1 / 2, confusion: LEFT },
  },
]
