import type { Region } from '../../src/labeling/types.ts'
import { monitorInput } from '../support/monitors.ts'
import { answered, type ReviewedTask, reviewedProject, textArea } from '../support/reviewed.ts'
import type { TestService } from '../support/service.ts'
import { EVIL } from './world.ts'

const LONG_WORD = 'Donaudampfschifffahrtsgesellschaft'.repeat(12)
const SENTENCE =
  'The quick brown fox jumps over the lazy dog, again and again, because nobody told it to stop. '
const ARABIC = 'عاصمة أستراليا هي سيدني، وهي مدينة كبيرة على الساحل الشرقي.'
const ARABIC_RIGHT = 'عاصمة أستراليا هي كانبرا، وهي مدينة أصغر بين سيدني وملبورن.'
const HEBREW = 'בירת אוסטרליה היא סידני.'

const LABELS = Array.from({ length: 300 }, (_, index) => `Category ${index} of the shop`)
const MANY_LABELS = `<View><Text name="text" value="$text"/><Choices name="topic" toName="text">${LABELS.map((label) => `<Choice value="${label}"/>`).join('')}</Choices></View>`

/** Projects that are hard to show: empty, unreviewed, very large, in other scripts, with markup, with too many labels. */
export async function fillUglyWorld(service: TestService): Promise<{
  empty: number
  unreviewed: number
  texts: number
  labels: number
  many: number
  versions: number
}> {
  const { database } = service.database
  const long = await service
    .request()
    .post('/monitors')
    .send(
      monitorInput({ name: `long-${'name-'.repeat(11)}end`, title: `${EVIL} ${LONG_WORD.slice(0, 120)}` }),
    )
    .expect(201)
  await reviewedProject(database, { project: 71, tasks: [] })
  await reviewedProject(database, {
    project: 72,
    tasks: Array.from({ length: 20 }, () => answered('Why?', 'It rains.', null)),
  })
  await reviewedProject(database, {
    project: 73,
    run: {
      monitor: long.body,
      from: '2024-11-11',
      to: '2024-11-17',
      strata: [{ key: `${EVIL} ${LONG_WORD}`, seen: 2_147_483_647, sampled: 9 }],
    },
    tasks: texts().map((task) => ({ ...task, stratum: `${EVIL} ${LONG_WORD}` })),
  })
  await reviewedProject(database, {
    project: 74,
    labelConfig: MANY_LABELS,
    controls: ['topic'],
    tasks: LABELS.map((label, index) => ({
      data: { text: SENTENCE },
      prediction: [choice(label)],
      annotations: [[choice(LABELS[(index * 7 + 1) % 300] as string)]],
      version: LONG_WORD,
    })),
  })
  await reviewedProject(database, {
    project: 75,
    tasks: Array.from({ length: 2_000 }, (_, index) =>
      answered(`Question ${index}?`, `The answer is ${index}.`, `The answer is ${index + 1}, not ${index}.`),
    ),
  })
  await reviewedProject(database, {
    project: 76,
    tasks: Array.from({ length: 80 }, (_, index) => ({
      ...answered('Why?', 'It rains.', index < 40 ? 'It snows.' : 'It rains.'),
      version: index < 40 ? 'v1' : 'v2',
    })),
  })
  return { empty: 71, unreviewed: 72, texts: 73, labels: 74, many: 75, versions: 76 }
}

function texts(): ReviewedTask[] {
  const version = LONG_WORD
  return [
    { ...answered(EVIL, `A ${EVIL} answer.`, `Another ${EVIL} answer.`), version },
    { ...answered('ما هي عاصمة أستراليا؟', ARABIC, ARABIC_RIGHT), version },
    { ...answered('מהי בירת אוסטרליה?', HEBREW, 'בירת אוסטרליה היא קנברה.'), version },
    {
      ...answered(
        SENTENCE.repeat(200),
        SENTENCE.repeat(90),
        `${SENTENCE.repeat(45)}Not so. ${SENTENCE.repeat(45)}`,
      ),
      version,
    },
    { ...answered('More than can be compared', SENTENCE.repeat(300), 'Short.'), version },
    { ...answered(LONG_WORD, LONG_WORD, `${LONG_WORD}en`), version },
    { ...answered('Line ends', 'one\ntwo\n\n\nthree', 'one\n2\n\n\nthree\n'), version },
    { ...answered('', '', '🧑‍🚀 was empty'), version },
    {
      data: { question: { nested: [1, null, EVIL] } },
      prediction: textArea('a', 'b'),
      annotations: [[]],
      version,
    },
  ]
}

const choice = (label: string): Region => ({
  ...{ id: 't', from_name: 'topic', to_name: 'text', type: 'choices' },
  value: { choices: [label] },
})
