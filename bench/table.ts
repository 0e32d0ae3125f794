import type { Entry } from './figure.ts'

const HEAD = ['figure', 'ours', 'peer', 'ratio', 'goal', 'what it means']

/** One line per figure; a ratio above 1 says that ours is better. */
export function table(entries: readonly Entry[]): string {
  const rows = [HEAD, ...entries.map(row)]
  const widths = HEAD.map((_, column) => Math.max(...rows.map((cells) => [...(cells[column] ?? '')].length)))
  const line = (cells: string[]) =>
    cells
      .map((cell, column) => pad(cell, column > 0 && column < 4 ? 'left' : 'right', widths[column] as number))
      .join('  ')
      .trimEnd()
  return rows.map(line).join('\n')
}

function row(entry: Entry): string[] {
  if ('skipped' in entry) return [entry.name, '', '', '', '', `skipped: ${entry.skipped}`]
  const { name, ours, peer, unit, ratio, goal, against, means } = entry
  return [
    name,
    `${short(ours)} ${unit}`,
    peer === null ? '–' : `${short(peer)} ${unit}`,
    ratio === null ? '–' : short(ratio),
    goal ? `${goal.text} ${goal.met ? 'met' : 'not met'}` : '',
    against ? `${means}; peer: ${against}` : means,
  ]
}

/** Three significant digits. */
function short(value: number): string {
  if (!Number.isFinite(value)) return String(value)
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value) || 1)))
  return value.toLocaleString('en', { maximumFractionDigits: digits, minimumFractionDigits: digits })
}

function pad(cell: string, side: 'left' | 'right', width: number): string {
  const blanks = ' '.repeat(Math.max(0, width - [...cell].length))
  return side === 'left' ? blanks + cell : cell + blanks
}
