import { Writable } from 'node:stream'
import type { Io } from '../../src/commands/command.ts'
import { main } from '../../src/commands/main.ts'

export interface Outcome {
  code: number
  stdout: string
  stderr: string
}

/** A process that a test holds in its hands. */
export function testIo(given: Partial<Omit<Io, 'stdout' | 'stderr'>> = {}): Io & {
  written: { stdout: string; stderr: string }
} {
  const written = { stdout: '', stderr: '' }
  const stream = (name: keyof typeof written) =>
    Object.assign(
      new Writable({
        write(chunk, _encoding, done) {
          written[name] += chunk
          done()
        },
      }),
      { isTTY: given.isTerminal ?? false, columns: 120 },
    )
  return {
    stdout: stream('stdout'),
    stderr: stream('stderr'),
    isTerminal: false,
    env: {},
    fetch,
    signal: new AbortController().signal,
    version: '1.2.3',
    ...given,
    written,
  }
}

/** Runs the command line as a user types it; no argument of it may hold a space. */
export async function cli(line: string, given: Parameters<typeof testIo>[0] = {}): Promise<Outcome> {
  const io = testIo(given)
  const code = await main(line.split(' ').filter(Boolean), io)
  return { code, ...io.written }
}
