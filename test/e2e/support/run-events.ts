import type { Run } from '../../../src/contract/types.ts'

/** All events of a run's stream, until the service ends it. Throws when one is not as the contract has it. */
export async function readRunEvents(url: string, run: string): Promise<Run[]> {
  const response = await fetch(`${url}/runs/${run}/events`)
  const type = response.headers.get('content-type') ?? ''
  if (!type.startsWith('text/event-stream')) throw new Error(`expected an event stream, got ${type}`)
  const text = await response.text()
  return text
    .split('\n\n')
    .filter((event) => event !== '' && !event.startsWith(':'))
    .map((event) => {
      const [, data] = /^event: run\ndata: (.*)$/.exec(event) ?? []
      if (data === undefined) throw new Error(`expected an event "run" with its data, got ${event}`)
      return JSON.parse(data) as Run
    })
}
