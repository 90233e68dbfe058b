import { getStatus, OperationOutcomeError } from '@medplum/core'
import type { OperationOutcome } from '@medplum/fhirtypes'
import { FhirProblem, problem } from './problem.ts'
import { VersionConflict } from './store/version-conflict.ts'

/**
 * The one translation of errors to answers. What was foreseen says what it says; anything else becomes a 500 with the id that
 * `report` gave it, because its message could hold patient data.
 */
export function translateError(
  error: unknown,
  report: (error: unknown) => string
): { status: number; outcome: OperationOutcome } {
  if (error instanceof FhirProblem) return { status: error.status, outcome: error.outcome }
  if (error instanceof VersionConflict)
    return translateError(problem(409, 'conflict', 'Somebody else changed the resource meanwhile'), report)
  if (error instanceof OperationOutcomeError)
    return { status: getStatus(error.outcome), outcome: withoutDiagnostics(error.outcome) }
  const cancelled = (error as { code?: unknown } | null)?.code === '57014'
  if (cancelled) return translateError(problem(504, 'timeout', 'The request takes too long: make it smaller'), report)
  return translateError(problem(500, 'exception', `Unexpected error, reported as ${report(error)}`), report)
}

function withoutDiagnostics(outcome: OperationOutcome): OperationOutcome {
  return { ...outcome, issue: outcome.issue.map(({ diagnostics: _, ...rest }) => rest) }
}
