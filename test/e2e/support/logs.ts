import { gzipSync } from 'node:zlib'

/** What a reviewer must find in Label Studio for one record of the logs. */
export interface ExpectedTask {
  data: { question: string; request_id: string }
  /** Control tag → the value of its one region. */
  prediction: Record<string, Record<string, unknown>>
  model_version: string
  score: number
}

/** One piece of a log object. */
export type Piece =
  | { text: string; date: string; task: ExpectedTask }
  /** Framed like a record, so it is counted; but no task can be made of it. */
  | { text: string | Buffer; date: string; task: null }
  /** No record at all: seen while the object is cut into records. */
  | { text: string; date: null; task: null }

/** A record where it lies: (object, offset) is its identity. */
export interface PlacedRecord {
  object: string
  offset: number
  line: number
  date: string
  task: ExpectedTask | null
}

export interface LogObject {
  key: string
  /** As stored. */
  body: Buffer
  records: PlacedRecord[]
  /** Lines of the pieces that are no records. */
  unframed: { object: string; line: number }[]
}

/** Lays the pieces one after the other, and keeps where each begins. */
export function logObject(key: string, pieces: Piece[]): LogObject {
  const object: LogObject = { key, body: Buffer.alloc(0), records: [], unframed: [] }
  let offset = 0
  let line = 1
  const parts = pieces.map(({ text, date, task }) => {
    if (date === null) object.unframed.push({ object: key, line })
    else object.records.push({ object: key, offset, line, date, task })
    const bytes = Buffer.from(text)
    offset += bytes.length
    line += bytes.filter((byte) => byte === 0x0a).length
    return bytes
  })
  const plain = Buffer.concat(parts)
  object.body = key.endsWith('.gz') ? gzipSync(plain) : plain
  return object
}

const TOPICS = ['geography', 'history', 'science', 'sports']

/** A config with three controls that the model fills and one that only reviewers do. */
export const REVIEW_CONFIG = `<View>
  <Header value="$request_id"/>
  <Text name="question" value="$question"/>
  <TextArea name="answer" toName="question" editable="true" maxSubmissions="1"/>
  <Choices name="topics" toName="question" choice="multiple">${TOPICS.map((topic) => `<Choice value="${topic}"/>`).join('')}</Choices>
  <Rating name="stars" toName="question"/>
  <TextArea name="comment" toName="question"/>
</View>`

/**
 * A record of an imaginary model, numbered so that no two are alike, with what makes logs hard to read: answers
 * over several lines, words of the template inside values, quotes within quotes, Windows line ends, missing fields.
 */
export function record(number: number, date: string, version: string): Piece {
  const shape = SHAPES[number % SHAPES.length] as (typeof SHAPES)[number]
  const question = shape.question(number)
  const answer = shape.answer(number)
  const topics = TOPICS.filter((_, index) => (number + index) % 3 === 0)
  const stars = number % 6
  const percent = 80 + (number % 200) / 10
  const lines = [
    `Timestamp: ${date} ${clock(number)}`,
    `Request ID: ${requestId(number)}`,
    `User Input: "${question}"`,
    '',
    `Model Response: ${shape.isQuoted ? `"${answer}"` : answer}`,
    ...(topics.length > 0 ? [`Topics: ${JSON.stringify(topics)}`] : []),
    ...(stars > 0 ? [`Stars: ${stars}`] : []),
    `Confidence Level: ${percent.toFixed(1)}%`,
    `Version: ${version}`,
    '',
    '',
  ]
  return {
    text: lines.join(shape.lineEnd),
    date,
    task: {
      data: { question, request_id: requestId(number) },
      prediction: {
        answer: { text: [answer] },
        ...(topics.length > 0 ? { topics: { choices: topics } } : {}),
        ...(stars > 0 ? { stars: { rating: stars } } : {}),
      },
      model_version: version,
      score: Number(`${percent.toFixed(1)}e-2`),
    },
  }
}

const SHAPES = [
  {
    question: (n: number) => `What is the capital of country ${n}?`,
    answer: (n: number) => `The capital is Brasília ${n}.`,
    isQuoted: true,
    lineEnd: '\n',
  },
  {
    question: (n: number) => `Which Version came at which Timestamp: ${n}?`,
    answer: (n: number) =>
      `Steps:\n1. Open café ${n}\n\nVersion: not this one\n2. Say "done".\nAnd close it.`,
    isQuoted: true,
    lineEnd: '\n',
  },
  {
    question: (n: number) => `Who said "${n} times"?`,
    answer: (n: number) => `“Élan” — ${n} people 🙂`,
    isQuoted: true,
    lineEnd: '\r\n',
  },
  {
    question: (n: number) => `How do I count to ${n}?`,
    answer: (n: number) => `Begin with zéro,\n  go on,\nand stop at ${n}.`,
    isQuoted: false,
    lineEnd: '\n',
  },
]

/** Records of which no task can be made, each for another reason. */
export function unreadable(number: number, date: string): Piece {
  const start = `Timestamp: ${date} ${clock(number)}\n`
  const kinds: (string | Buffer)[] = [
    `${start}\n`,
    `${start}Request ID: ${requestId(number)}\nModel Response: "nobody asked"\n\n`,
    `${start}Request ID: ${requestId(number)}\nUser Input: "too many stars"\nStars: 77\n\n`,
    Buffer.concat([Buffer.from(`${start}User Input: "`), Buffer.from([0xff, 0xfe]), Buffer.from('"\n\n')]),
  ]
  return { text: kinds[number % kinds.length] as string | Buffer, date, task: null }
}

/** A piece at the begin of an object that belongs to no record. */
export function stray(text: string): Piece {
  return { text, date: null, task: null }
}

function requestId(number: number): string {
  return `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`
}

function clock(number: number): string {
  const two = (value: number) => String(value).padStart(2, '0')
  return `${two(number % 24)}:${two(number % 60)}:${two((number * 7) % 60)}`
}
