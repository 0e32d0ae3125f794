import type { Call } from '../../../demo/services/label-studio-api.ts'
import type { Edit, Region, Reviewer } from '../../../demo/services/reviewer.ts'

/** Who can do something in a project, and where. */
export interface Place {
  project: number
  admin: Reviewer
  second: Reviewer
  call: Call
}

/** One thing that happens in Label Studio, to a task that nobody has touched before. */
export type Deed = [sentence: string, act: (task: number, place: Place) => Promise<unknown>]

export const withText = (text: string) => (regions: Region[]) =>
  regions.map((region) => (region.from_name === 'answer' ? { ...region, value: { text: [text] } } : region))

export const withTopics = (choices: string[]) => (regions: Region[]) =>
  regions.map((region) => (region.from_name === 'topics' ? { ...region, value: { choices } } : region))

const withStars =
  (rating: number): Edit =>
  (regions) => [
    ...regions.filter(({ from_name }) => from_name !== 'stars'),
    answer('stars', 'rating', { rating }),
  ]

const withComment: Edit = (regions) => [...regions, answer('comment', 'textarea', { text: ['Well said.'] })]

/** Every answer of the logs has a letter with an accent. */
const decomposed: Edit = (regions) => JSON.parse(JSON.stringify(regions).normalize('NFD')) as Region[]

function answer(from_name: string, type: string, value: Record<string, unknown>): Region {
  return { id: `made-${from_name}`, from_name, to_name: 'question', type, value }
}

/** Everything that reviewers do to one task. */
export const DEEDS: Deed[] = [
  ['an untouched submit', (task, { admin }) => admin.accept(task)],
  ['an edited text', (task, { admin }) => admin.edit(task, withText('Another answer altogether.'))],
  ['other topics', (task, { admin }) => admin.edit(task, withTopics(['history', 'sports']))],
  ['another number of stars', (task, { admin }) => admin.edit(task, withStars(3))],
  ['a comment, which the model does not predict', (task, { admin }) => admin.edit(task, withComment)],
  ['a text written in other code points', (task, { admin }) => admin.edit(task, decomposed)],
  [
    'the answer taken away',
    (task, { admin }) => admin.edit(task, (regions) => regions.filter((r) => r.from_name !== 'answer')),
  ],
  ['everything taken away', (task, { admin }) => admin.edit(task, () => [])],
  [
    'the review of somebody else',
    (task, { second }) => second.edit(task, withText('As the second sees it.')),
  ],
  ['a skip', (task, { admin }) => admin.skip(task)],
  [
    'a skip that is taken back',
    async (task, { admin }) => {
      const { id } = await admin.skip(task)
      await admin.unskip(id)
    },
  ],
  [
    'a text that is edited, and edited back',
    async (task, { admin }) => {
      let before: Region[] = []
      const { id } = await admin.edit(task, (regions) => {
        before = structuredClone(regions)
        return withText('No, it is something else.')(regions)
      })
      await admin.update(id, () => before)
    },
  ],
  [
    'an edit that is deleted',
    async (task, { admin }) => {
      const { id } = await admin.edit(task, withText('Soon gone.'))
      await admin.remove(id)
    },
  ],
  [
    'a deletion that leaves the annotation of another',
    async (task, { admin, second }) => {
      await second.accept(task)
      const { id } = await admin.edit(task, withText('Soon gone.'))
      await admin.remove(id)
    },
  ],
  [
    'two who do not agree',
    async (task, { admin, second }) => {
      await admin.accept(task)
      await second.edit(task, withText('The second thinks otherwise.'))
    },
  ],
  [
    'two against one',
    async (task, { admin, second }) => {
      await admin.edit(task, withText('Outvoted.'))
      await second.accept(task)
      await second.accept(task)
    },
  ],
  [
    'a ground truth, which decides alone',
    async (task, { admin, second }) => {
      await admin.edit(task, withText('Changed.'))
      const { id } = await second.accept(task)
      await second.setGroundTruth(id, true)
    },
  ],
  [
    'a ground truth that another annotation gets, of which Label Studio tells only half',
    async (task, { admin, second }) => {
      const first = await admin.edit(task, withText('The truth for a moment.'))
      const other = await second.accept(task)
      await admin.setGroundTruth(first.id, true)
      await second.setGroundTruth(other.id, true)
    },
  ],
  [
    'a ground truth that is taken back',
    async (task, { admin, second }) => {
      const { id } = await admin.accept(task)
      await second.edit(task, withText('Changed.'))
      await admin.setGroundTruth(id, true)
      await admin.setGroundTruth(id, false)
    },
  ],
  [
    'a draft, which counts for nothing',
    (task, { call }) => call('POST', `/api/tasks/${task}/drafts`, { result: [], lead_time: 1 }),
  ],
  [
    'eight updates of one annotation at once',
    async (task, { admin }) => {
      const { id } = await admin.accept(task)
      // Equally far from any answer, whichever is the last.
      const texts = Array.from({ length: 8 }, (_, index) => String.fromCodePoint(0x4e00 + index))
      await Promise.all(texts.map((text) => admin.update(id, withText(text))))
    },
  ],
  [
    'the Data Manager’s “create annotations from predictions”',
    (task, place) => inDataManager(place, 'predictions_to_annotations', [task]),
  ],
  [
    'the Data Manager’s “delete annotations”',
    async (task, place) => {
      await place.admin.edit(task, withText('Soon gone.'))
      await place.second.accept(task)
      await inDataManager(place, 'delete_tasks_annotations', [task])
    },
  ],
  [
    'a task that somebody adds, with an annotation and no prediction',
    (_task, { call, project }) =>
      call('POST', `/api/projects/${project}/import`, [
        {
          data: { question: 'By hand?', request_id: '-' },
          annotations: [{ result: [answer('answer', 'textarea', { text: ['By hand.'] })] }],
        },
      ]),
  ],
  [
    'a task that is deleted with its annotation',
    async (task, { admin, call }) => {
      await admin.edit(task, withText('Gone with its task.'))
      await call('DELETE', `/api/tasks/${task}/`)
    },
  ],
  [
    'the Data Manager’s “delete tasks”',
    async (task, place) => {
      await place.admin.skip(task)
      await inDataManager(place, 'delete_tasks', [task])
    },
  ],
]

/** A bulk action on tasks that are ticked in the Data Manager. */
export function inDataManager(
  { call, project }: Pick<Place, 'call' | 'project'>,
  action: string,
  tasks: number[],
): Promise<unknown> {
  return call('POST', `/api/dm/actions?id=${action}&project=${project}`, {
    project: String(project),
    selectedItems: { all: false, included: tasks },
    ordering: [],
  })
}
