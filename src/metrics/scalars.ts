import type { AnswerKind } from './answers.ts'
import { asList, asNumber, asText, canonical } from './read.ts'

/** Number and Rating: 1 / (1 + |difference|); what is no number is equal or not. */
function numeric(field: 'number' | 'rating'): AnswerKind<number | string> {
  return {
    metric: 'numeric_difference',
    read(value) {
      const answer = value[field]
      return answer === undefined || answer === null ? null : (asNumber(answer) ?? asText(answer))
    },
    isShown: (value) => typeof value[field] === 'number',
    key: canonical,
    similarity: (a, b) => (typeof a === 'number' && typeof b === 'number' ? 1 / (1 + Math.abs(a - b)) : 0),
  }
}

/** An answer that is equal or not, as a set of texts. */
function exact(field: 'datetime' | 'selected', labels: boolean): AnswerKind<string[]> {
  return {
    metric: 'exact',
    read(value) {
      const answer = [...new Set(asList(value[field]).map(asText))].sort()
      return answer.length === 0 ? null : answer
    },
    isShown: (value) => typeof value[field] === 'string',
    key: canonical,
    similarity: (a, b) => Number(canonical(a) === canonical(b)),
    ...(labels ? { labels: (answer: string[]) => answer } : {}),
  }
}

export const number = numeric('number')
export const rating = numeric('rating')
export const dateTime = exact('datetime', false)
export const pairwise = exact('selected', true)
