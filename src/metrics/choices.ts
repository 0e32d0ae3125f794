import type { AnswerKind } from './answers.ts'
import { jaccard } from './match.ts'
import { asList, asText, canonical } from './read.ts'

/** Choices, as a set; a nested choice is its path joined by `/`. */
export const choices: AnswerKind<string[]> = {
  metric: 'jaccard',
  read(value) {
    const chosen = new Set(asList(value.choices).map((choice) => asList(choice).map(asText).join('/')))
    return chosen.size === 0 ? null : [...chosen].sort()
  },
  isShown: (value) => Array.isArray(value.choices),
  key: canonical,
  similarity: (a, b) => jaccard(new Set(a), new Set(b)),
  labels: (chosen) => chosen,
}

/** Every beginning of every path as a number; `nodes` numbers equal beginnings alike. */
function beginnings(paths: string[][], nodes: Map<string, number>): Set<number> {
  const found = new Set<number>()
  for (const path of paths) {
    let parent = 0
    for (const name of path) {
      const step = `${parent} ${name}`
      parent = nodes.get(step) ?? nodes.size + 1
      nodes.set(step, parent)
      found.add(parent)
    }
  }
  return found
}

/** Taxonomy: a set of paths, whose common beginnings count. */
export const taxonomy: AnswerKind<string[][]> = {
  metric: 'path_jaccard',
  read(value) {
    const paths = asList(value.taxonomy).map((path) => asList(path).map(asText))
    const unique = new Map(paths.filter((path) => path.length > 0).map((path) => [canonical(path), path]))
    return unique.size === 0 ? null : [...unique.keys()].sort().map((key) => unique.get(key) as string[])
  },
  isShown: (value) => Array.isArray(value.taxonomy),
  key: canonical,
  similarity(a, b) {
    const nodes = new Map<string, number>()
    return jaccard(beginnings(a, nodes), beginnings(b, nodes))
  },
  labels: (paths) => paths.map((path) => path.join('/')),
}
