// Sums the Vitest reports of a run: node sum.mjs STEPS DIRECTORY
// STEPS has a line "name<TAB>exit code" per step; DIRECTORY has name.json for those that are suites.
// A step that failed without a failed test counts as one failed: it crashed, or was no suite.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const [stepsFile, directory] = process.argv.slice(2)
const total = { passed: 0, failed: 0, skipped: 0 }
const failures = []
for (const line of readFileSync(stepsFile, 'utf8').trim().split('\n')) {
  const [name, code] = line.split('\t')
  const count = read(join(directory, `${name}.json`))
  if (code !== '0' && count.failed === 0) count.failed = 1
  failures.push(...count.failures.map((failure) => `${name}: ${failure}`))
  const counts = `${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`
  console.log(`${name}: exit code ${code}; ${counts}`)
  for (const key of Object.keys(total)) total[key] += count[key]
}
// once more at the end, where a log that is cut still shows them
for (const failure of failures) console.log(`\n${failure}`)
const skipped = total.skipped ? `, ${total.skipped} skipped` : ''
console.log(`\n${total.passed} passed, ${total.failed} failed${skipped}`)
process.exitCode = total.failed ? 1 : 0

function read(file) {
  if (!existsSync(file)) return { passed: 0, failed: 0, skipped: 0, failures: [] }
  const report = JSON.parse(readFileSync(file, 'utf8'))
  // a file that can't be imported, or whose setup fails, has no failed test of its own
  const brokenFiles = report.testResults.filter(
    ({ status, assertionResults }) =>
      status === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
  )
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + brokenFiles.length,
    skipped: report.numPendingTests + report.numTodoTests,
    failures: [
      ...brokenFiles.map(({ name, message }) => `${name}\n${short(message)}`),
      ...report.testResults.flatMap(({ name, assertionResults }) =>
        assertionResults
          .filter(({ status }) => status === 'failed')
          .map(({ fullName, failureMessages }) => `${name} > ${fullName}\n${short(failureMessages[0])}`),
      ),
    ],
  }
}

function short(message = '') {
  return message.split('\n').slice(0, 6).join('\n').slice(0, 1000)
}
