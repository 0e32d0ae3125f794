import { createRequire } from 'node:module'
import type { Expression } from 'jsonata'
import type { Fields, Parsed } from './format.ts'

/** Loaded when it is first needed: it takes 4 MB, in each thread. */
const load = () => createRequire(import.meta.url)('jsonata') as typeof import('jsonata')

/** Whether a record counts: the answer, or why it has none. */
export type Where = (record: Parsed) => Promise<boolean | { problem: string }>

/** The expression is no JSONata, or uses what filters have not. The message says where. */
export class WhereError extends Error {
  override name = 'WhereError'
}

/** A part of an expression, as JSONata's parser gives it. */
interface Node {
  type: string
  value?: unknown
  position?: number
  [key: string]: unknown
}

const OPERATORS = new Set(['and', 'or', 'in', '=', '!=', '<', '<=', '>', '>=', '+', '-', '*', '/', '%', '&'])

/** Those that take time in proportion to what they are given, and always say the same of it. */
const FUNCTIONS = new Set(
  `abs average boolean ceil contains count exists floor length lowercase max min not number round string substring
  substringAfter substringBefore sum trim uppercase`.split(/\s+/),
)
/** Their second argument is searched for in the first: a literal, because two long texts could take hours. */
const SEARCHES = new Set(['contains', 'substringAfter', 'substringBefore'])

/** The parser writes `a ?? b` and `a ?: b` as conditions with two copies of a, and so nested ones with 4, 8, 16 … */
const DOUBLING = /\?[?:]/g
const MAX_DOUBLINGS = 4

/** By the type of a node, which properties it may have besides `type`, `value` and `position`. */
const PARTS: Record<string, readonly string[]> = {
  string: [],
  number: [],
  value: [],
  variable: [],
  name: ['stages'],
  path: ['steps'],
  filter: ['expr'],
  binary: ['lhs', 'rhs'],
  unary: ['expression', 'expressions'],
  block: ['expressions'],
  condition: ['condition', 'then', 'else'],
  function: ['procedure', 'arguments'],
}

/**
 * Reads the `where` of a sample. Of JSONata only what takes time in proportion to the record: paths go down, nothing
 * multiplies, calls itself, binds a name or matches a pattern. JSONata's own time limit would instead drop a record
 * whenever the machine is busy.
 *
 * @throws WhereError that says what is wrong, and where
 */
export function compileWhere(text: string): Where {
  if ((text.match(DOUBLING)?.length ?? 0) > MAX_DOUBLINGS) {
    throw new WhereError(
      `There are more than ${MAX_DOUBLINGS} of ?? and ?: in this, each of which doubles the time it takes: use fewer, or a ? b : c.`,
    )
  }
  const jsonata = load()
  let expression: Expression
  try {
    expression = jsonata(text)
    check(expression.ast() as unknown as Node)
    // As JSONata itself decides: what is missing, empty or 0 is false.
    expression = jsonata(`(${text}\n) ? true : false`)
  } catch (error) {
    if (error instanceof WhereError) throw error
    const { message, position } = error as { message?: string; position?: number }
    throw new WhereError(`This is no JSONata: ${message}${at(position)}`)
  }
  return async (record) => ('fields' in record ? ask(expression, record.fields) : record)
}

/** @throws WhereError */
export function whereOf(sample: { where: string | null }): Where | null {
  return sample.where === null ? null : compileWhere(sample.where)
}

async function ask(expression: Expression, fields: Fields): Promise<boolean | { problem: string }> {
  try {
    return await expression.evaluate(fields)
  } catch (error) {
    // Values of the wrong type; JSONata throws plain objects.
    return { problem: `can't be asked by sample.where: ${(error as { message?: string }).message}` }
  }
}

/** What stands in an expression for a property that no node of a filter may have. */
const SIGNS: Record<string, string> = {
  group: '{}',
  index: '#',
  focus: '@',
  predicate: '[] after anything but a field',
  keepArray: '[]',
  keepSingletonArray: '[]',
}

function check(node: Node): void {
  const { type, value } = node
  const parts = PARTS[type]
  if (!parts) throw refused(node, String(value ?? type))
  for (const [key, part] of Object.entries(node)) {
    const known = part === undefined || ['type', 'value', 'position', ...parts].includes(key)
    if (!known) throw refused(node, SIGNS[key] ?? key)
  }
  if (type === 'binary' && !OPERATORS.has(String(value))) throw refused(node, String(value))
  if (type === 'unary' && value !== '-' && value !== '[') throw refused(node, String(value))
  if (type === 'variable' && value !== '') throw refused(node, `$${value}`)
  if (type === 'path') for (const step of node.steps as Node[]) checkStep(step)
  if (type === 'function') checkCall(node)
  for (const part of type === 'function' ? ['arguments'] : parts) {
    for (const child of [node[part] ?? []].flat() as Node[]) check(child)
  }
}

/** Only down into what the record holds: a list as a step would come once for each item before it. */
function checkStep(step: Node): void {
  if (step.type !== 'name' && step.type !== 'variable')
    throw refused(step, "a step in a path that is no field's name")
}

function checkCall(node: Node): void {
  const { procedure, arguments: given } = node as unknown as { procedure: Node; arguments: Node[] }
  const name = String(procedure.value)
  if (procedure.type !== 'variable' || !FUNCTIONS.has(name)) throw refused(node, `$${name}`)
  if (SEARCHES.has(name) && given[1]?.type !== 'string') {
    throw new WhereError(
      `$${name} takes a field and a text in quotes to look for in it, such as $${name}(question, "refund")${at(node.position)}.`,
    )
  }
}

function refused({ position }: Node, what: string): WhereError {
  const takes = 'Of JSONata, sample.where takes fields, literals, operators and the functions in the contract'
  return new WhereError(`${takes}, but not ${what}${at(position)}.`)
}

function at(position: number | undefined): string {
  return position === undefined ? '' : ` (at character ${position})`
}
