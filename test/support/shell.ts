import { execFile } from 'node:child_process'

export interface Ended {
  code: number
  stdout: string
  stderr: string
}

/** Runs a program to its end; any exit code is an answer. With a `shell` the first word is a script. */
export function runProgram(
  command: string,
  args: string[],
  options: { env: Record<string, string>; cwd: string },
): Promise<Ended> {
  return new Promise((resolve) =>
    execFile(command, args, { ...options, encoding: 'utf8' }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 127
      resolve({ code, stdout, stderr })
    }),
  )
}
