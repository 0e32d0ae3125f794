// Fails when a package that is installed has a licence that nobody has looked at, or none.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Licences that ask for no more than their own text being kept; MPL-2.0 and LGPL leave the code beside them alone. */
const ALLOWED = [
  ...[
    'MIT',
    'MIT-0',
    'ISC',
    '0BSD',
    'Apache-2.0',
    'BSD-2-Clause',
    'BSD-3-Clause',
    'BlueOak-1.0.0',
    'Unlicense',
  ],
  ...['CC0-1.0', 'CC-BY-4.0', 'Python-2.0', 'PostgreSQL', 'WTFPL', 'MPL-2.0', 'Zlib', 'Unicode-3.0'],
]

const root = process.argv[2] ?? '.'
const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))
const problems = []
const counts = new Map()
for (const path of Object.keys(lock.packages).filter((each) => each !== '')) {
  const described = describe(path)
  if (described === null) continue // optional, and for another kind of machine
  const licence = licenceOf(described)
  counts.set(licence, (counts.get(licence) ?? 0) + 1)
  if (!isAllowed(licence)) problems.push(`${described.name} ${described.version}: ${licence || 'no licence'}`)
}
for (const [licence, count] of [...counts].sort(([, a], [, b]) => b - a)) console.log(`${count} ${licence}`)
for (const problem of problems) console.log(`not allowed: ${problem}`)
console.log(
  `${[...counts.values()].reduce((sum, count) => sum + count, 0)} packages, ${problems.length} with licences that are not allowed`,
)
process.exitCode = problems.length > 0 || counts.size === 0 ? 1 : 0

function describe(path) {
  try {
    return JSON.parse(readFileSync(join(root, path, 'package.json'), 'utf8'))
  } catch (error) {
    if (error.code === 'ENOENT' && lock.packages[path].optional) return null
    throw error
  }
}

/** As SPDX; old packages have an object or a list. */
function licenceOf({ license, licenses }) {
  if (typeof license === 'string') return license
  if (license?.type) return license.type
  return (licenses ?? []).map(({ type }) => type).join(' OR ')
}

/** One of several that may be chosen from, or all of several that hold together. */
function isAllowed(expression) {
  const parts = expression.replace(/[()]/g, '').split(' OR ')
  return parts.some((part) => part.split(' AND ').every((each) => ALLOWED.includes(each.trim())))
}
