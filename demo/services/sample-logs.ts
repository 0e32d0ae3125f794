/** One answer of an imaginary question-answering model, as its log line block tells it. */
export type SampleRecord = {
  /** `YYYY-MM-DD HH:MM:SS` */
  timestamp: string
  request_id: string
  question: string
  answer: string
  /** In [0, 1], three decimals: the log has it as a percentage with one. */
  confidence: number
  model_version: string
}

export type SampleVersion = { name: string; errorRate: number }

export type SampleLogOptions = {
  /** Number of days, the last one being `today`. */
  days: number
  /** Records per day: a number for all, or one by day (0 is the oldest). */
  perDay: number | ((day: number) => number)
  /** Versions that answer in turn, each with its share of wrong answers: for all days, or by day. */
  versions: SampleVersion[] | ((day: number) => SampleVersion[])
  seed: number
  /** `YYYY-MM-DD` */
  today: string
  /** Put before each key, such as `production/`. */
  prefix?: string
}

/** The log objects: key `qalogs_MM:DD:YY.txt` to text. The same options give the same bytes. */
export function sampleLogs(options: SampleLogOptions): Map<string, string> {
  const objects = [...sampleRecords(options)].map(([date, records]): [string, string] => {
    const [year = '', month, day] = date.split('-')
    return [
      `${options.prefix ?? ''}qalogs_${month}:${day}:${year.slice(2)}.txt`,
      records.map(block).join('\n'),
    ]
  })
  return new Map(objects)
}

/** The records behind `sampleLogs`, by date (`YYYY-MM-DD`): what a reader of the logs must find. */
export function sampleRecords(options: SampleLogOptions): Map<string, SampleRecord[]> {
  const random = generator(options.seed)
  const last = Date.parse(`${options.today}T00:00:00Z`)
  const result = new Map<string, SampleRecord[]>()
  for (let day = 0; day < options.days; day++) {
    const midnight = last - (options.days - 1 - day) * 86_400_000
    const count = typeof options.perDay === 'number' ? options.perDay : options.perDay(day)
    const versions = typeof options.versions === 'function' ? options.versions(day) : options.versions
    const records = Array.from({ length: count }, (_, index) => {
      const seconds = Math.floor(((index + random()) / count) * 86_400)
      return record(midnight + seconds * 1000, versions, random)
    })
    result.set(isoDate(midnight), records)
  }
  return result
}

/** The right answer to a sample question; undefined for any other text. */
export function rightAnswer(question: string): string | undefined {
  for (const topic of topics) {
    const subject = topic.subjects.find(([name]) => topic.question(name) === question)
    if (subject) return topic.answer(subject)
  }
}

type Subject = readonly [name: string, fact: string]
type Topic = { question(name: string): string; answer(subject: Subject): string; subjects: Subject[] }

const topics: Topic[] = [
  {
    question: (country) => `What is the capital of ${country}?`,
    answer: ([country, city]) => `The capital of ${country} is ${city}.`,
    subjects: pairs(
      'France=Paris, Australia=Canberra, Brazil=Brasília, Canada=Ottawa, Switzerland=Bern, Türkiye=Ankara, Kenya=Nairobi, ' +
        'Japan=Tokyo, Morocco=Rabat, Vietnam=Hanoi, Peru=Lima, Poland=Warsaw, New Zealand=Wellington, Egypt=Cairo',
    ),
  },
  {
    question: (element) => `What is the chemical symbol for ${element}?`,
    answer: ([element, symbol]) => `The chemical symbol for ${element} is "${symbol}".`,
    subjects: pairs(
      'gold=Au, iron=Fe, sodium=Na, tin=Sn, lead=Pb, potassium=K, tungsten=W, mercury=Hg, silver=Ag',
    ),
  },
  {
    question: (event) => `In which year was ${event}?`,
    answer: ([, year]) => `Year: ${year}.`,
    subjects: pairs(
      'the first moon landing=1969, the fall of the Berlin Wall=1989, the French Revolution=1789, ' +
        'the eruption of Vesuvius at Pompeii=79, the first modern Olympiad=1896',
    ),
  },
  {
    question: (task) => `How do I ${task}?`,
    answer: ([, steps]) =>
      steps.split('; ').reduce((text, step, index) => `${text}\n${index + 1}. ${step}`, 'Steps:'),
    subjects: pairs(
      'boil an egg=Boil water; Lower the egg into it; Wait seven minutes; Cool it, ' +
        'undo a commit in git=Note its hash; Run git revert with it; Push the new commit, ' +
        'remove a red wine stain=Blot it; Cover it with salt; Rinse with cold water',
    ),
  },
]

function pairs(list: string): Subject[] {
  return list.split(/, (?=[^=;]*=)/).map((entry) => entry.split('=') as [string, string])
}

function record(time: number, versions: SampleVersion[], random: () => number): SampleRecord {
  const pick = <T>(list: T[]): T => list[Math.floor(random() * list.length)] as T
  const version = pick(versions)
  const topic = pick(topics)
  const [name, fact] = pick(topic.subjects)
  const isWrong = random() < version.errorRate
  const others = topic.subjects.filter(([other]) => other !== name)
  return {
    timestamp: new Date(time).toISOString().slice(0, 19).replace('T', ' '),
    request_id: uuid(random),
    question: topic.question(name),
    answer: topic.answer([name, isWrong ? pick(others)[1] : fact]),
    confidence: Math.round((isWrong ? 0.6 + random() * 0.35 : 0.85 + random() * 0.14) * 1000) / 1000,
    model_version: version.name,
  }
}

function block(record: SampleRecord, index: number): string {
  return `Timestamp: ${record.timestamp}
Request ID: ${record.request_id}
Request Type: Text Query
User Input: "${record.question}"

Model Response: "${record.answer}"
Processing Time: ${100 + ((index * 37) % 90)} ms
Status: Success
Confidence Level: ${(record.confidence * 100).toFixed(1)}%
Cache Hit: ${index % 3 ? 'No' : 'Yes'}
Version: ${record.model_version}
Model Server: qa-model-server-0${1 + (index % 4)}
`
}

function uuid(random: () => number): string {
  const digits = Array.from({ length: 32 }, () => Math.floor(random() * 16).toString(16)).join('')
  return digits.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12})$/, '$1-$2-4$3-8$4-$5')
}

function isoDate(time: number): string {
  return new Date(time).toISOString().slice(0, 10)
}

/** mulberry32: small, and the same everywhere. */
function generator(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
