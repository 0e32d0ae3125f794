import { relative } from 'node:path'
import { count } from '../src/commands/text.ts'
import type { Evaluation, Run } from '../src/contract/types.ts'
import { percent } from './figures.ts'
import type { Servers } from './servers.ts'
import { admin } from './services/label-studio.ts'
import { adminIdentity } from './services/s3.ts'
import { bucket, person } from './story.ts'

/** What the figures tell: a sample that is even over the dates says little about what users got. */
export function lesson(evaluation: Evaluation, run: Run): string[] {
  const { value, weighted } = evaluation.change_rate
  const seen = run.strata.reduce((sum, day) => sum + day.seen, 0)
  const [busiest] = run.strata.toSorted((a, b) => b.seen - a.seen)
  const [worst] = evaluation.by_model_version.toSorted((a, b) => (b.value ?? 0) - (a.value ?? 0))
  return [
    `Of the reviewed sample ${percent(value)} had to be corrected. Of all ${count(seen)} answers in the logs it would be about`,
    `${percent(weighted?.value)}: ${count(busiest?.seen ?? 0)} of them are from ${busiest?.key}, and ${worst?.key} answers wrongly most often.`,
  ]
}

/** Where to look now, and what to try. */
export function signposts(
  { labelStudio, s3, mailbox }: Servers,
  service: string,
  run: Run & { project: NonNullable<Run['project']> },
  home: string,
): string[] {
  const evaluation = `${service}/evaluations/${run.project.id}`
  const places = [
    ['Label Studio', labelStudio.url, `${admin.email}, password ${admin.password}`],
    ['the project', run.project.url, `reviewer ${person.email}, password ${person.password}`],
    ['Service', `${service}/`],
    ['the evaluation', evaluation],
    ['changed answers', `${evaluation}/tasks?changed=true`],
    ['the run', `${service}/runs/${run.id}`],
    ['API docs', `${service}/docs`],
    ['Mailbox', mailbox.url],
    [
      'S3',
      `${s3.endpoint}/${bucket}`,
      `key ${adminIdentity.accessKeyId}, secret ${adminIdentity.secretAccessKey}`,
    ],
    ['Files', relative('.', home)],
  ]
  const width = Math.max(...places.map(([, place = '', note]) => (note ? place.length : 0)))
  return [
    '',
    ...places.map(([name = '', place = '', note = '']) =>
      `  ${name.padEnd(17)}${place.padEnd(width)}  ${note}`.trimEnd(),
    ),
    '',
    'Some tasks are left for you: log in, open the project, press “Label All Tasks” and submit one. Each change of the',
    'figures is told here. Ctrl-C ends everything; the next start begins anew.',
    '',
  ]
}
