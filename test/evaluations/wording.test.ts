import { describe, expect, test } from 'vitest'
import { wordingOf } from '../../src/evaluations/wording.ts'
import { parseLabelingConfig } from '../../src/labeling/config.ts'
import type { Region } from '../../src/labeling/types.ts'

const view = (...tags: string[]) => `<View>${tags.join('')}</View>`
const QUESTION = '<Text name="q" value="$question"/>'
const ANSWER = '<TextArea name="answer" toName="q"/>'

const wording = (config: string, names?: string[]) => {
  const { controls } = parseLabelingConfig(config)
  return wordingOf(config, names ? controls.filter(({ name }) => names.includes(name)) : controls)
}

describe('the prompt', () => {
  test.each<[string, string, Record<string, unknown>, unknown]>([
    ['is the text of the one field shown', view(QUESTION, ANSWER), { question: 'Why?' }, 'Why?'],
    ['leaves out what is not shown', view(QUESTION, ANSWER), { question: 'Why?', id: 7 }, 'Why?'],
    [
      'is a line for each of several fields, in the order of the config',
      view('<Text name="c" value="$context"/>', QUESTION, ANSWER),
      { question: 'Why?', context: 'Because.' },
      'context: Because.\nquestion: Why?',
    ],
    [
      'says a field once that is shown twice',
      view(QUESTION, '<HyperText name="again" value="$question"/>', ANSWER),
      { question: 'Why?' },
      'Why?',
    ],
    [
      'leaves out a field that the task lacks',
      view('<Text name="c" value="$context"/>', QUESTION, ANSWER),
      { question: 'Why?' },
      'Why?',
    ],
    ['is a number as text', view(QUESTION, ANSWER), { question: 4.5 }, '4.5'],
    ['is a list as JSON', view(QUESTION, ANSWER), { question: ['a', 'b'] }, '["a","b"]'],
    [
      'follows a name into the data',
      view('<Text name="q" value="$user.asks"/>', ANSWER),
      { user: { asks: 'Why?' } },
      'Why?',
    ],
    [
      'is a dialogue in lines',
      view('<Paragraphs name="q" value="$talk" nameKey="who" textKey="says"/>', ANSWER),
      {
        talk: [
          { who: 'Ada', says: 'Hello.' },
          { who: 'Bob', says: 'Hi.' },
        ],
      },
      'Ada: Hello.\nBob: Hi.',
    ],
    [
      'is what a header shows where nothing else shows anything',
      view('<Header value="$question"/>', '<Text name="q" value="fixed"/>', ANSWER),
      { question: 'Why?', id: 7 },
      'Why?',
    ],
    [
      'is the messages of a Chat',
      view('<Chat name="chat" value="$messages"/>'),
      {
        messages: [
          { role: 'system', content: 'Be brief.', id: 1 },
          { role: 'user', content: 'Why?' },
        ],
      },
      [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Why?' },
      ],
    ],
    [
      'is the messages of a Chat after what else is shown',
      view('<Text name="c" value="$context"/>', '<Chat name="chat" value="$messages"/>'),
      { context: 'Sales', messages: [{ role: 'user', content: 'Why?' }] },
      [
        { role: 'user', content: 'Sales' },
        { role: 'user', content: 'Why?' },
      ],
    ],
  ])('%s', (_case, config, data, prompt) => {
    expect(wording(config).prompt(data)).toEqual(prompt)
  })

  test('is all of the data where the config can not be read', () => {
    expect(wordingOf('<View', []).prompt({ question: 'Why?', context: 'Here.' })).toBe(
      'question: Why?\ncontext: Here.',
    )
  })
})

const region = (from_name: string, type: string, value: Record<string, unknown>, id = 'r1'): Region => ({
  id,
  from_name,
  to_name: 'q',
  type,
  value,
})
const CHOICES = '<Choices name="topic" toName="q"><Choice value="Sport"/><Choice value="Art"/></Choices>'

describe('the answer', () => {
  test.each<[string, string, Region[], unknown]>([
    ['is the text of one TextArea', ANSWER, [region('answer', 'textarea', { text: ['Yes.'] })], 'Yes.'],
    ['is a text that is no list', ANSWER, [region('answer', 'textarea', { text: 'Yes.' })], 'Yes.'],
    [
      'is several entries as lines',
      ANSWER,
      [region('answer', 'textarea', { text: ['Yes.', 'No.'] })],
      'Yes.\nNo.',
    ],
    ['is one choice', CHOICES, [region('topic', 'choices', { choices: ['Art'] })], 'Art'],
    [
      'is several choices',
      CHOICES,
      [region('topic', 'choices', { choices: ['Art', 'Sport'] })],
      'Art, Sport',
    ],
    ['is a number', '<Number name="n" toName="q"/>', [region('n', 'number', { number: 2.5 })], '2.5'],
    ['is a rating', '<Rating name="n" toName="q"/>', [region('n', 'rating', { rating: 4 })], '4'],
    [
      'is a date',
      '<DateTime name="d" toName="q"/>',
      [region('d', 'datetime', { datetime: '2024-11-11' })],
      '2024-11-11',
    ],
    [
      'is the paths of a Taxonomy',
      '<Taxonomy name="t" toName="q"><Choice value="A"><Choice value="B"/></Choice></Taxonomy>',
      [region('t', 'taxonomy', { taxonomy: [['A', 'B'], ['A']] })],
      'A/B, A',
    ],
    ['is empty where nobody gave one', ANSWER, [], ''],
    [
      'is empty where all regions were taken away',
      '<Labels name="l" toName="q"><Label value="PER"/></Labels>',
      [],
      '',
    ],
    [
      'is the values of regions as JSON',
      '<Labels name="l" toName="q"><Label value="PER"/></Labels>',
      [region('l', 'labels', { start: 0, end: 3, labels: ['PER'] })],
      '[{"start":0,"end":3,"labels":["PER"]}]',
    ],
    [
      'is the values of answers about regions as JSON',
      '<Choices name="c" toName="q" perRegion="true"><Choice value="A"/></Choices>',
      [region('c', 'choices', { choices: ['A'] }, 'r1'), region('c', 'choices', { choices: ['A'] }, 'r2')],
      '[["A"],["A"]]',
    ],
    [
      'is an object by name of several controls, null where there is none',
      ANSWER + CHOICES,
      [region('topic', 'choices', { choices: ['Art'] })],
      '{"answer":null,"topic":["Art"]}',
    ],
  ])('%s', (_case, control, result, answer) => {
    expect(wording(view(QUESTION, control)).answer(result)).toBe(answer)
  })

  test('leaves out what only reviewers say', () => {
    const config = view(QUESTION, ANSWER, '<TextArea name="comment" toName="q"/>')
    const result = [
      region('answer', 'textarea', { text: ['Yes.'] }),
      region('comment', 'textarea', { text: ['Hm.'] }),
    ]
    expect(wording(config, ['answer']).answer(result)).toBe('Yes.')
  })

  const said = (role: string, content: string, createdAt: number) =>
    region('chat', 'chatmessage', { chatmessage: { role, content, createdAt } }, `r${createdAt}`)

  test('is what the assistant of a Chat said, in the order of time', () => {
    const result = [
      said('assistant', 'Second.', 3),
      said('user', 'Go on.', 2),
      said('assistant', 'First.', 1),
    ]
    expect(wording(view('<Chat name="chat" value="$messages"/>')).answer(result)).toEqual([
      { role: 'assistant', content: 'First.' },
      { role: 'assistant', content: 'Second.' },
    ])
  })

  test('about a Chat is a message too', () => {
    const config = view('<Chat name="q" value="$messages"/>', '<Rating name="n" toName="q"/>')
    expect(wording(config, ['n']).answer([region('n', 'rating', { rating: 4 })])).toEqual([
      { role: 'assistant', content: '4' },
    ])
  })
})
