import { readFile } from 'node:fs/promises'
import {
  ExportError,
  evaluateExport,
  type OfflineEvaluation,
  SEED_MAX_CHANGED,
} from '../evaluations/offline.ts'
import { CommandError, EXIT, type Io, parseArguments, UsageError } from './command.ts'
import { json } from './text.ts'

export const usage = `Usage: label-studio-monitor evaluate <export.json> [options]

Counts the changed predictions of a project exported from Label Studio as JSON. Changed is what Label
Studio marked as an edited prediction. Passed while their percentage is below the limit. Needs neither the service nor
Label Studio.

  --max-changed PERCENT  the limit; ${SEED_MAX_CHANGED} by default
  --json                 print JSON

Exit codes: 0 passed, 1 not passed, 2 the call or the file is wrong
`

export async function run(args: string[], io: Io): Promise<number> {
  const options = { 'max-changed': { type: 'string' }, json: { type: 'boolean' } } as const
  const { values, positionals } = parseArguments(args, options, ['export.json'])
  const maxChanged = percentage(values['max-changed'] ?? String(SEED_MAX_CHANGED))
  const text = await readFile(positionals[0] as string, 'utf8').catch((error) => {
    throw new CommandError(`The file can't be read: ${error.message}.`)
  })
  const evaluation = evaluated(text, maxChanged)
  io.stdout.write(
    values.json ? json({ ...evaluation, max_changed: maxChanged }) : describe(evaluation, maxChanged),
  )
  return evaluation.passed ? EXIT.success : EXIT.failure
}

function evaluated(text: string, maxChanged: number): OfflineEvaluation {
  try {
    return evaluateExport(text, { maxChanged })
  } catch (error) {
    throw error instanceof ExportError ? new CommandError(error.message) : error
  }
}

function describe({ changed, total, percent, passed }: OfflineEvaluation, maxChanged: number): string {
  if (percent === null) return 'No task of the export has an annotation, so nothing is shown: not passed\n'
  const share = Number(percent.toFixed(2))
  return `${changed} of ${total} predictions changed (${share} %), allowed is less than ${maxChanged} %: ${passed ? 'passed' : 'not passed'}\n`
}

function percentage(text: string): number {
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN
  if (Number.isFinite(value)) return value
  throw new UsageError(`Expected a percentage such as 75 for --max-changed, got ${JSON.stringify(text)}.`)
}
