import { styleText } from 'node:util'

/** Without a terminal nothing can be drawn anew, so lines about progress come at this distance. */
const PLAIN_INTERVAL_MS = 10_000
const INDENT = '    '

export type Output = {
  write(text: string): unknown
  isTTY?: boolean
  columns?: number
}

export type Step = {
  /** What is going on now, on one or several lines; on a terminal they replace what was said last. */
  now(...lines: string[]): void
  /** A line that stays. */
  print(line?: string): void
  /** What a reader would type to do the same. */
  command(line: string): void
}

export type Screen = {
  print(line?: string): void
  heading(line: string): void
  /** Runs `work` under the next number and tells at its end how long it took. */
  step<T>(title: string, work: (step: Step) => Promise<T>): Promise<T>
  /** Ends the account, also amid a step: takes back what was only said for now, and from here on is silent. */
  close(): void
}

/** A calm account of `steps` numbered steps: lines that stay, and below them what is going on now. */
export function createScreen(output: Output, steps: number, clock = () => performance.now()): Screen {
  const isTerminal = output.isTTY === true
  const style = (format: 'bold' | 'dim' | 'green', text: string) =>
    isTerminal ? styleText(format, text) : text
  let number = 0
  let began = 0
  let current: string[] = []
  let drawn = 0
  let printedAt = 0
  let ticking: NodeJS.Timeout | undefined
  let isClosed = false

  const erase = () => {
    if (drawn > 0) output.write(`\x1b[${drawn}A\x1b[J`)
    drawn = 0
  }
  const draw = () => {
    erase()
    const [first, ...rest] = current
    if (first === undefined) return
    const lines = [`${clockText(clock() - began)}  ${first}`, ...rest]
    // a line that wraps would count as one and be two
    const width = (output.columns || 80) - INDENT.length - 1
    output.write(lines.map((line) => `${INDENT}${line.slice(0, width)}\n`).join(''))
    drawn = lines.length
  }
  const print = (line = '') => {
    if (isClosed) return
    if (isTerminal) erase()
    output.write(`${line}\n`)
    if (isTerminal) draw()
  }
  const now = (...lines: string[]) => {
    if (isClosed) return
    current = lines
    if (isTerminal) return draw()
    if (lines[0] === undefined || clock() - printedAt < PLAIN_INTERVAL_MS) return
    printedAt = clock()
    print(`${INDENT}${clockText(clock() - began)}  ${lines[0]}`)
  }
  const settle = () => {
    clearInterval(ticking)
    now()
  }

  return {
    print,
    heading: (line) => print(style('bold', line)),
    close() {
      settle()
      isClosed = true
    },
    async step(title, work) {
      if (isClosed) throw new Error(`“${title}” is not begun: the account is closed`)
      number += 1
      began = clock()
      printedAt = began
      print(style('bold', `${number}/${steps} ${title}`))
      if (isTerminal) ticking = setInterval(draw, 1000)
      try {
        const result = await work({
          now,
          print: (line = '') => print(`${INDENT}${line}`.trimEnd()),
          command: (line) => print(style('dim', `${INDENT}$ ${line}`)),
        })
        settle()
        print(`${INDENT}${style('green', '✓')} ${style('dim', `${((clock() - began) / 1000).toFixed(1)} s`)}`)
        return result
      } finally {
        settle()
      }
    },
  }
}

/** Minutes and seconds, as `1:05`. */
function clockText(ms: number): string {
  const seconds = Math.floor(ms / 1000)
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}
