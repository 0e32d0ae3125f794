import { setTimeout as sleep } from 'node:timers/promises'
import type { Evaluation } from '../src/contract/types.ts'
import type { Call } from './services/json-api.ts'
import type { Region, Reviewer, Task } from './services/reviewer.ts'
import { rightAnswer } from './services/sample-logs.ts'

/** Now and then a person can't say. */
const skipEvery = 20
/** Label Studio sends an event once; when it got lost, only a reconciliation finds the annotation. */
const patienceMs = 3000

export type Decision = { accept: true } | { skip: true } | { correct: string }

/** What the scripted reviewer makes of the model's answer: exactly the wrong ones are corrected. */
export function decide(question: string, answer: string, index: number): Decision {
  const right = rightAnswer(question)
  if (right === undefined || index % skipEvery === skipEvery - 1) return { skip: true }
  return right === answer ? { accept: true } : { correct: right }
}

/**
 * Takes `count` tasks of the project from Label Studio's label stream, one after the other, and calls `onChange` with
 * the evaluation that counts each.
 */
export async function review(options: {
  reviewer: Reviewer
  service: Call
  project: number
  count: number
  onChange: (evaluation: Evaluation) => void
}): Promise<Evaluation | null> {
  const { reviewer, service, project, count, onChange } = options
  let evaluation: Evaluation | null = null
  for (let done = 0; done < count; done++) {
    const task = await reviewer.next(project)
    if (!task) break
    const decision = decide(String(task.data.question), answerOf(task), done)
    if ('skip' in decision) await reviewer.skip(task.id)
    else if ('accept' in decision) await reviewer.accept(task.id)
    else
      await reviewer.edit(task.id, (regions) => regions.map((region) => withText(region, decision.correct)))
    evaluation = await evaluationOf(service, project, done + 1)
    onChange(evaluation)
  }
  return evaluation
}

/** The evaluation, as soon as it counts so many reviewed and skipped tasks. */
async function evaluationOf(service: Call, project: number, count: number): Promise<Evaluation> {
  for (const giveUpAt = Date.now() + patienceMs; ; await sleep(20)) {
    const evaluation = await service<Evaluation>('GET', `/evaluations/${project}`)
    const { reviewed, skipped } = evaluation.coverage
    if (reviewed + skipped >= count) return evaluation
    if (Date.now() > giveUpAt) break
  }
  await service('POST', `/evaluations/${project}/reconcile`)
  return service<Evaluation>('GET', `/evaluations/${project}`)
}

function answerOf(task: Task): string {
  const [text] = (task.predictions[0]?.result[0]?.value.text ?? []) as string[]
  return text ?? ''
}

function withText(region: Region, text: string): Region {
  return { ...region, value: { ...region.value, text: [text] } }
}
