import { createReadStream } from 'node:fs'
import { mkdir, open, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { createInterface } from 'node:readline'

/** What a recorder notes: everything that changes files, and everything that makes changes durable. */
const CALLS = [
  ...['write', 'pwrite64', 'writev', 'pwritev', 'pwritev2', 'ftruncate', 'fallocate', 'lseek'],
  ...[
    'openat',
    'creat',
    'rename',
    'renameat',
    'renameat2',
    'unlink',
    'unlinkat',
    'mkdir',
    'mkdirat',
    'rmdir',
  ],
  ...['fsync', 'fdatasync', 'close'],
]

/** Runs a program under strace, which notes its writes and syncs in `file`; to be followed by the program. */
export function recorder(file: string): string[] {
  const options = ['-f', '-ttt', '-T', '-y', '-xx', '-s', '20000000', '-e', 'signal=none']
  return ['strace', ...options, '-e', `trace=${CALLS.join(',')}`, '-o', file]
}

type Change =
  | { kind: 'write'; at: number; data: Buffer }
  | { kind: 'truncate'; size: number }
  | { kind: 'zero'; at: number; length: number }

export interface Replay {
  writes: number
  syncs: number
  /** Bytes that were written and, at the cut, not yet synced. */
  lostBytes: number
}

interface Call {
  process: string
  /** When it was done, in seconds since 1970. */
  at: number
  /** How much was pending of its file when it began: only that is covered by a sync. */
  began: number | null
  name: string
  args: string
  result: number
}

interface Half {
  line: string
  began: number | null
}

/**
 * What a power loss at a moment leaves of a directory, at the worst: of each file what was written before its last sync,
 * and nothing of what came after. Names change at once, as in a journalling file system.
 *
 * @param recording of a program that worked in `from`, with `cwd` as its working directory
 * @param into a copy of the directory as it was before, which is changed
 * @param cut in seconds since 1970
 */
export async function replay(
  recording: string,
  { from, cwd, into, cut }: { from: string; cwd: string; into: string; cut: number },
): Promise<Replay> {
  const pending = new Map<string, Change[]>()
  const positions = new Map<string, number>()
  const unfinished = new Map<string, Half>()
  const totals: Replay = { writes: 0, syncs: 0, lostBytes: 0 }
  const inside = (path: string) => (path.startsWith(`${from}/`) ? join(into, path.slice(from.length)) : null)
  const changesOf = (path: string) => {
    const list = pending.get(path) ?? []
    pending.set(path, list)
    return list
  }
  const pendingOf = (args: string) => {
    const target = inside(descriptorOf(args).path)
    return target ? (pending.get(target)?.length ?? 0) : null
  }

  const perform = async ({ process, name, args, result, began }: Call) => {
    const { fd, path } = descriptorOf(args)
    const target = inside(path)
    const place = `${process} ${fd} ${path}`
    switch (name) {
      case 'fsync':
      case 'fdatasync': {
        if (!target) return
        totals.syncs++
        const changes = changesOf(target)
        return apply(target, changes.splice(0, began ?? changes.length))
      }
      case 'write':
      case 'writev':
      case 'pwrite64':
      case 'pwritev':
      case 'pwritev2': {
        if (!target) return
        totals.writes++
        const data = Buffer.concat(stringsOf(args)).subarray(0, result)
        const given = name.startsWith('p')
        const at = given ? (numbersAfterData(args)[1] ?? 0) : (positions.get(place) ?? 0)
        if (!given) positions.set(place, at + data.length)
        changesOf(target).push({ kind: 'write', at, data })
        return
      }
      case 'ftruncate':
        if (target) changesOf(target).push({ kind: 'truncate', size: numbersAfterData(args)[0] ?? 0 })
        return
      case 'fallocate': {
        const [, at = 0, length = 0] = numbersAfterData(args)
        if (target) changesOf(target).push({ kind: 'zero', at, length })
        return
      }
      case 'lseek':
        positions.set(place, result)
        return
      case 'close':
        positions.delete(place)
        return
      case 'openat': {
        const opened = inside(decode(/\) += \d+<([^>]*)>/.exec(args)?.[1] ?? ''))
        if (opened && args.includes('O_TRUNC')) changesOf(opened).push({ kind: 'truncate', size: 0 })
        return
      }
      default:
        return changeNames(name, args)
    }
  }

  /** Calls that change names. */
  const changeNames = async (name: string, args: string) => {
    const [first, second] = pathsOf(args, cwd).map(inside)
    if (!first) return
    if (name.startsWith('rename') && second) {
      const changes = pending.get(first)
      pending.delete(first)
      pending.delete(second)
      if (changes) pending.set(second, changes)
      await rename(first, second).catch(() => {}) // Never synced: it does not exist yet.
    } else if (name.startsWith('mkdir')) await mkdir(first, { recursive: true })
    else if (name.startsWith('unlink') || name === 'rmdir') {
      pending.delete(first)
      await rm(first, { recursive: true, force: true })
    }
  }

  for await (const line of createInterface({ input: createReadStream(recording) })) {
    const call = finished(line, unfinished, pendingOf)
    if (call && call.result >= 0 && call.at <= cut) await perform(call)
  }
  for (const changes of pending.values()) {
    for (const change of changes) if (change.kind === 'write') totals.lostBytes += change.data.length
  }
  return totals
}

/** The call that a line ends, if it ends one; its first half may stand in an earlier line. */
function finished(
  line: string,
  unfinished: Map<string, Half>,
  pendingOf: (args: string) => number | null,
): Call | null {
  const [head = '', process = '', time = ''] = /^(\d+) +(\d+\.\d+) /.exec(line) ?? []
  const rest = line.slice(head.length)
  if (rest.endsWith(UNFINISHED)) {
    const half = rest.slice(0, -UNFINISHED.length)
    unfinished.set(process, { line: half, began: pendingOf(half.slice(half.indexOf('(') + 1)) })
    return null
  }
  const [resumed] = /^<\.\.\. \w+ resumed>/.exec(rest) ?? []
  const first = unfinished.get(process)
  if (resumed !== undefined && !first) return null
  unfinished.delete(process)
  const text = resumed === undefined ? rest : `${first?.line}${rest.slice(resumed.length)}`
  const end = /\) += (-?\d+)(?:<[^>]*>)?[^"]*?(?:<(\d+\.\d+)>)?$/.exec(text.slice(-8_000))
  const open = text.indexOf('(')
  if (!end || open < 0) return null
  return {
    process,
    // A resumed line bears the time of its end, another one that of its beginning.
    at: Number(time) + (resumed === undefined ? Number(end[2] ?? 0) : 0),
    began: resumed === undefined ? null : (first?.began ?? null),
    name: text.slice(0, open),
    args: text.slice(open + 1),
    result: Number(end[1]),
  }
}

const UNFINISHED = ' <unfinished ...>'

function decode(hex: string): string {
  return Buffer.from(hex.replaceAll('\\x', ''), 'hex').toString()
}

function descriptorOf(args: string): { fd: string; path: string } {
  const [, fd = '', path = ''] = /^(\d+)<([^>]*)>/.exec(args) ?? []
  return { fd, path: decode(path) }
}

/** All strings among the arguments; written as hexadecimal digits, they hold no quotation mark. */
function stringsOf(args: string): Buffer[] {
  return args
    .split('"')
    .filter((_, index) => index % 2 === 1)
    .map((text) => Buffer.from(text.replaceAll('\\x', ''), 'hex'))
}

/** The numbers that follow the file descriptor, and the data if there is any. */
function numbersAfterData(args: string): number[] {
  const list = args.slice(Math.max(args.indexOf('>'), args.lastIndexOf('"'), args.lastIndexOf(']')) + 1)
  return list
    .replace(/\) += .*$/s, '')
    .split(',')
    .slice(1)
    .map(Number)
}

/** Paths among the arguments; a relative one is below the directory that stands before it, or else the working one. */
function pathsOf(args: string, cwd: string): string[] {
  let base = cwd
  return [...args.matchAll(/(?:AT_FDCWD|\d+)<([^>]*)>|"([^"]*)"/g)].flatMap(([, directory, text]) => {
    if (directory === undefined) return [resolve(base, decode(text ?? ''))]
    base = decode(directory)
    return []
  })
}

async function apply(path: string, changes: Change[]): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, '', { flag: 'a' }).catch((error) => {
    if (error.code !== 'EISDIR') throw error
  })
  if (changes.length === 0) return
  const file = await open(path, 'r+')
  try {
    for (const change of changes) {
      if (change.kind === 'write') await file.write(change.data, 0, change.data.length, change.at)
      else if (change.kind === 'truncate') await file.truncate(change.size)
      else {
        const { size } = await file.stat()
        if (size < change.at + change.length) await file.truncate(change.at + change.length)
      }
    }
  } finally {
    await file.close()
  }
}
