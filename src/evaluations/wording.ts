import { parseLabelingConfig } from '../labeling/config.ts'
import { fieldValue } from '../labeling/mapping.ts'
import { kindOf } from '../labeling/tags.ts'
import type { ControlTag, LabelingConfig, ObjectTag, Region } from '../labeling/types.ts'
import { attribute } from '../labeling/xml.ts'
import { asList, asRecord, isRecord } from '../metrics/read.ts'
import { plainValue, valuesOf } from './tasks.ts'

/** One turn of a conversation. */
export interface Message {
  role: string
  content: string
}

/** How a project's tasks are put into words to train on: as text or, where a Chat is shown, as messages. */
export interface Wording {
  prompt(data: Record<string, unknown>): string | Message[]
  answer(result: Region[]): string | Message[]
}

/** @param predicted the control tags that answers are of; what others say is left out */
export function wordingOf(labelConfig: string, predicted: ControlTag[]): Wording {
  const { objects, references = [] } = readConfig(labelConfig)
  const chat = objects.find(({ tag }) => tag.toLowerCase() === 'chat')
  const shown = new Map<string, ObjectTag | null>()
  for (const object of objects) if (object.field !== null && object !== chat) shown.set(object.field, object)
  if (shown.size === 0 && !chat) for (const { field } of references) shown.set(field, null)
  return {
    prompt(data) {
      const text = promptText(
        data,
        shown.size > 0 || chat ? [...shown] : Object.keys(data).map((key) => [key, null]),
      )
      if (!chat) return text
      const messages = conversation(chat.field === null ? [] : fieldValue(data, chat.field))
      return text === '' ? messages : [{ role: 'user', content: text }, ...messages]
    },
    answer(result) {
      const [control] = predicted
      if (predicted.length === 1 && control && kindOf(control.type).family === 'chat')
        return said(control, result)
      const text = answerText(predicted, result)
      return chat ? [{ role: 'assistant', content: text }] : text
    },
  }
}

/** The text of the one thing shown, or a line for each. */
function promptText(
  data: Record<string, unknown>,
  shown: [field: string, object: ObjectTag | null][],
): string {
  const texts = shown.flatMap(([field, object]) => {
    const value = fieldValue(data, field) ?? null
    return value === null
      ? []
      : [{ field, text: isDialogue(object) ? dialogue(value, object) : plain(value) }]
  })
  if (texts.length === 1) return texts[0]?.text ?? ''
  return texts.map(({ field, text }) => `${field}: ${text}`).join('\n')
}

/** Control tags whose answer is words by itself; each of its entries is one. */
const WORDS = new Set(['choices', 'taxonomy', 'textarea', 'number', 'rating', 'datetime', 'pairwise'])

function answerText(predicted: ControlTag[], result: Region[]): string {
  const [control] = predicted
  if (predicted.length !== 1 || !control) {
    return JSON.stringify(Object.fromEntries(predicted.map(({ name }) => [name, valuesOf(name, result)])))
  }
  const { name, type, perRegion } = control
  const isOwn = (region: Region) =>
    name === 'relations' ? region.type === 'relation' : region.from_name === name
  const own = result.filter(isOwn)
  const { key } = kindOf(type)
  if (!WORDS.has(type) || perRegion || key === null) {
    return own.length === 0 ? '' : JSON.stringify(own.map(plainValue))
  }
  const entries = own.flatMap(({ value }) => asList(asRecord(value)[key]))
  return entries
    .map((entry) => (Array.isArray(entry) ? entry.map(plain).join('/') : plain(entry)))
    .join(type === 'textarea' ? '\n' : ', ')
}

/** What the assistant said, in the order of time. */
function said({ name }: ControlTag, result: Region[]): Message[] {
  const messages = result
    .filter((region) => region.from_name === name)
    .map(({ value }) => asRecord(asRecord(value).chatmessage))
    .sort((a, b) => Number(a.createdAt ?? 0) - Number(b.createdAt ?? 0))
  return conversation(messages).filter(({ role }) => role === 'assistant')
}

function conversation(value: unknown): Message[] {
  return asList(value).map((message) => {
    if (!isRecord(message)) return { role: 'user', content: plain(message) }
    return { role: plain(message.role ?? 'user'), content: plain(message.content ?? '') }
  })
}

function isDialogue(object: ObjectTag | null): object is ObjectTag {
  return object?.tag.toLowerCase() === 'paragraphs'
}

/** A list of utterances as lines `author: text`. */
function dialogue(value: unknown, object: ObjectTag): string {
  if (!Array.isArray(value)) return plain(value)
  const nameKey = attribute(object, 'nameKey') ?? 'author'
  const textKey = attribute(object, 'textKey') ?? 'text'
  const line = (turn: unknown) =>
    isRecord(turn) ? `${plain(turn[nameKey] ?? '')}: ${plain(turn[textKey] ?? '')}` : plain(turn)
  return value.map(line).join('\n')
}

/** Text as it is, anything else as JSON. */
function plain(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function readConfig(labelConfig: string): Pick<LabelingConfig, 'objects' | 'references'> {
  try {
    return parseLabelingConfig(labelConfig)
  } catch {
    return { objects: [] } // Label Studio took it: then everything in the data is shown.
  }
}
