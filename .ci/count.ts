// Prints how many tests passed and failed, from vitest's JSON report; exit code 1 when one failed or none ran.
import { readFileSync } from 'node:fs'

interface Report {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly testResults: readonly { readonly status: string; readonly assertionResults: readonly { readonly status: string }[] }[]
}

const { numPassedTests, numFailedTests, testResults } = read(process.argv[2] ?? '')
// A file that cannot be loaded, or whose hooks fail, has no failed test of its own.
const brokenFiles = testResults.filter(
  (file) => file.status === 'failed' && file.assertionResults.every((test) => test.status !== 'failed')
)
const failed = numFailedTests + brokenFiles.length
console.log(`${numPassedTests} passed, ${failed} failed`)
process.exitCode = failed > 0 || numPassedTests === 0 ? 1 : 0

function read(file: string): Report {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Report
  } catch {
    // Vitest ended before it could write a report.
    return { numPassedTests: 0, numFailedTests: 1, testResults: [] }
  }
}
