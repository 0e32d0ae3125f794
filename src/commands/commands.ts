import type { Command } from './command.ts'

export interface Entry {
  call: string
  summary: string
  /** Only the command that runs is loaded: the service itself takes a second. */
  load: () => Promise<Command>
}

/** Every command, in the order of the help. */
export const COMMANDS: Record<string, Entry> = {
  serve: {
    call: 'serve',
    summary: 'start the service (also without any command)',
    load: () => import('./serve.ts'),
  },
  run: {
    call: 'run <monitor>',
    summary: 'sample the logs of some days into a Label Studio project',
    load: () => import('./run.ts'),
  },
  gate: {
    call: 'gate <project>',
    summary: 'may this model go on? by exit code, for a deployment',
    load: () => import('./gate.ts'),
  },
  'import-config': {
    call: 'import-config <config.ini>',
    summary: 'make a monitor from a config.ini',
    load: () => import('./import-config.ts'),
  },
  'webhook-url': {
    call: 'webhook-url',
    summary: 'what to enter in Label Studio by hand',
    load: () => import('./webhook-url.ts'),
  },
  evaluate: {
    call: 'evaluate <export.json>',
    summary: 'count the changed predictions of a Label Studio JSON export, offline',
    load: () => import('./evaluate.ts'),
  },
  doctor: {
    call: 'doctor',
    summary: 'check everything that the service needs, and say how to mend it',
    load: () => import('./doctor.ts'),
  },
  completion: {
    call: 'completion <shell>',
    summary: 'print the completion for bash, zsh or fish',
    load: () => import('./completion.ts'),
  },
}

export const PROGRAM = 'label-studio-monitor'
