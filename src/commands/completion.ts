import { EXIT, type Io, parseArguments, UsageError } from './command.ts'
import { COMMANDS, PROGRAM } from './commands.ts'
import { meant } from './meant.ts'

export const usage = `Usage: label-studio-monitor completion <shell>

Prints the completion of commands and options for bash, zsh or fish. To have it in every shell:

  bash   label-studio-monitor completion bash >> ~/.bashrc
  zsh    label-studio-monitor completion zsh > "\${fpath[1]}/_label-studio-monitor"
  fish   label-studio-monitor completion fish > ~/.config/fish/completions/label-studio-monitor.fish

Exit codes: 0 printed, 2 the call is wrong
`

interface Completed {
  name: string
  summary: string
  options: { name: string; summary: string }[]
}

const SHELLS: Record<string, (commands: Completed[]) => string> = { bash, zsh, fish }

export async function run(args: string[], io: Io): Promise<number> {
  const { positionals } = parseArguments(args, {}, ['shell'])
  const [shell = ''] = positionals
  const print = Object.hasOwn(SHELLS, shell) ? SHELLS[shell] : undefined
  if (!print) {
    const names = Object.keys(SHELLS)
    throw new UsageError(
      `Expected one of ${names.join(', ')} for <shell>, got ${JSON.stringify(shell)}.${meant(shell, names)}`,
    )
  }
  io.stdout.write(print(await completed()))
  return EXIT.success
}

/** Commands and options as their help has them, so that both always agree. */
async function completed(): Promise<Completed[]> {
  return Promise.all(
    Object.entries(COMMANDS).map(async ([name, { summary, load }]) => {
      const { usage } = await load()
      const lines = usage.matchAll(/^ {2}(--[a-z-]+)(?: \[?[A-Z]+\]?)? {2,}(.*)$/gm)
      const options = [...lines].map(([, option = '', about = '']) => ({ name: option, summary: about }))
      return {
        name,
        summary,
        options: [...options, { name: '--help', summary: 'how the command is called' }],
      }
    }),
  )
}

const names = (of: readonly { name: string }[]) => of.map(({ name }) => name).join(' ')

/** What is neither an option nor known here may be a file. */
function bash(commands: Completed[]): string {
  const cases = commands.map(({ name, options }) => `      ${name}:-*) words='${names(options)}' ;;`)
  return `_label_studio_monitor() {
  local current=\${COMP_WORDS[COMP_CWORD]} words=''
  if [ "$COMP_CWORD" -eq 1 ]; then
    words='${names(commands)} help --help --version'
  else
    case \${COMP_WORDS[1]}:$current in
${cases.join('\n')}
      help:*) words='${names(commands)}' ;;
      completion:*) words='${Object.keys(SHELLS).join(' ')}' ;;
    esac
  fi
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}
complete -o default -F _label_studio_monitor ${PROGRAM}
`
}

function zsh(commands: Completed[]): string {
  const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`
  const described = (of: readonly { name: string; summary: string }[]) =>
    of.map(({ name, summary }) => quoted(`${name}:${summary}`)).join(' ')
  const cases = commands.map(({ name, options }) => `      ${name}) choices=(${described(options)}) ;;`)
  return `#compdef ${PROGRAM}
_label_studio_monitor() {
  local -a choices
  if (( CURRENT == 2 )); then
    choices=(${described(commands)})
    _describe 'command' choices
  elif [[ $words[2] == completion && $PREFIX != -* ]]; then
    compadd ${Object.keys(SHELLS).join(' ')}
  elif [[ $words[2] == help ]]; then
    compadd ${names(commands)}
  elif [[ $PREFIX == -* ]]; then
    case $words[2] in
${cases.join('\n')}
    esac
    _describe 'option' choices
  else
    _files
  fi
}
compdef _label_studio_monitor ${PROGRAM}
`
}

function fish(commands: Completed[]): string {
  const quoted = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
  const lines = commands.flatMap(({ name, summary, options }) => [
    `complete -c ${PROGRAM} -f -n __fish_use_subcommand -a ${name} -d ${quoted(summary)}`,
    ...options.map(
      (option) =>
        `complete -c ${PROGRAM} -n '__fish_seen_subcommand_from ${name}' -l ${option.name.slice(2)} -d ${quoted(option.summary)}`,
    ),
  ])
  return `${lines.join('\n')}\n`
}
