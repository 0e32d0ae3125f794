export const QA_CONFIG =
  '<View><Text name="question" value="$question"/><TextArea name="answer" toName="question"/></View>'

/** A monitor that fits the contract, over a directory; `changes` replace its fields. */
export function monitorInput(changes: Record<string, unknown> = {}) {
  return {
    name: 'qa-model',
    source: { type: 'file', path: '.', key_pattern: 'qalogs_{MM}:{DD}:{YY}.txt' },
    labeling: { config: QA_CONFIG },
    ...changes,
  }
}
