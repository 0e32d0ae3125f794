import type { Gate, ThresholdState } from '../contract/types.ts'
import { metricName } from '../evaluations/metric.ts'
import { type Api, connect, SERVICE_OPTIONS, SERVICE_USAGE, ServiceError } from './api.ts'
import { EXIT, type Io, parseArguments, UsageError } from './command.ts'
import { count, json, table } from './text.ts'

export const usage = `Usage: label-studio-monitor gate <project> [options]

Whether the thresholds of a Label Studio project (given by its id) hold, for a deployment to ask.

  --strict          what is not decided yet counts as failed
  --json            print JSON${SERVICE_USAGE}

Exit codes: 0 pass, 1 fail, 2 the call is wrong or the service can't answer, 3 inconclusive
`

type Verdict = Gate['verdict'] | 'fail'
type Answer = Omit<Gate, 'verdict'> & { verdict: Verdict }

export async function run(args: string[], io: Io): Promise<number> {
  const options = { strict: { type: 'boolean' }, json: { type: 'boolean' }, ...SERVICE_OPTIONS } as const
  const { values, positionals } = parseArguments(args, options, ['project'])
  const [project = ''] = positionals
  if (!/^[1-9]\d*$/.test(project)) {
    throw new UsageError(
      `Expected the id of a Label Studio project, e.g. 12, got ${JSON.stringify(project)}.`,
    )
  }
  const gate = await ask(connect(values, io), project)
  io.stdout.write(values.json ? json(gate) : describe(gate))
  if (gate.verdict === 'pass') return EXIT.success
  return gate.verdict === 'fail' || values.strict ? EXIT.failure : EXIT.undecided
}

/** The verdict, which a strict or failed gate would tell as a problem. */
async function ask(api: Api, project: string): Promise<Answer> {
  try {
    const { verdict, thresholds } = await api.get<Gate>(`/evaluations/${project}/gate`)
    return { project: Number(project), verdict, thresholds }
  } catch (error) {
    if (!(error instanceof ServiceError) || !error.problem?.type.endsWith(':gate-failed')) throw error
    const { verdict, thresholds } = error.problem as unknown as Answer
    return { project: Number(project), verdict, thresholds }
  }
}

function describe({ project, verdict, thresholds }: Answer): string {
  const rows = thresholds.map((threshold) => [
    metricName(threshold),
    threshold.value === null ? 'no data' : String(Number(threshold.value.toFixed(4))),
    allowed(threshold),
    `${count(threshold.reviewed)} of at least ${count(threshold.min_reviewed)}`,
    threshold.state,
  ])
  const list =
    rows.length > 0
      ? table([['metric', 'value', 'allowed', 'reviewed', 'state'], ...rows])
      : '  There is no threshold to decide by: set one in the monitor.\n'
  return `Project ${project}: ${verdict}\n${list}`
}

function allowed({ max, min }: ThresholdState): string {
  return [max !== null && `at most ${max}`, min !== null && `at least ${min}`].filter(Boolean).join(', ')
}
