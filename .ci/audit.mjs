// Fails when a package that is shipped has a known vulnerability. A registry may have no audits: that is said, and
// is no failure.
import { spawnSync } from 'node:child_process'

const { stdout } = spawnSync('npm', ['audit', '--omit=dev', '--json'], { encoding: 'utf8' })
const report = parse(stdout)
if (!report?.metadata?.vulnerabilities) {
  const status = /\b[45]\d\d\b/.exec(report?.message ?? '')?.[0] ?? 'nothing readable'
  console.log(`not checked: the registry has no audits (it answered ${status})`)
} else {
  const { total } = report.metadata.vulnerabilities
  for (const { name, severity, range } of Object.values(report.vulnerabilities)) {
    console.log(`${name} ${range}: ${severity}`)
  }
  console.log(`${total} packages with known vulnerabilities`)
  process.exitCode = total ? 1 : 0
}

function parse(text) {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
