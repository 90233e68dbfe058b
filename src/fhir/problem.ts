import { OperationOutcomeError } from '@medplum/core'
import type { OperationOutcomeIssue } from '@medplum/fhirtypes'

/** A request that cannot be served, as FHIR says it. Messages name elements and parameters, never a value of a resource. */
export class FhirProblem extends OperationOutcomeError {
  readonly status: number

  constructor(status: number, issues: OperationOutcomeIssue[]) {
    super({ resourceType: 'OperationOutcome', issue: issues })
    this.status = status
  }
}

/** One error issue. */
export function problem(status: number, code: OperationOutcomeIssue['code'], text: string, expression?: string): FhirProblem {
  return new FhirProblem(status, [issue(code, text, expression)])
}

export function issue(code: OperationOutcomeIssue['code'], text: string, expression?: string): OperationOutcomeIssue {
  return { severity: 'error', code, details: { text }, ...(expression === undefined ? {} : { expression: [expression] }) }
}

export const notFound = () => problem(404, 'not-found', 'Not found')
export const gone = () => problem(410, 'deleted', 'The resource was deleted')
export const unknownType = () => problem(404, 'not-supported', 'This server does not store that resource type')
export const versionMismatch = () => problem(412, 'conflict', 'The resource has changed: read it again, then decide again')
export const severalMatches = () => problem(412, 'multiple-matches', 'The criteria match more than one resource')
export const badRequest = (text: string, expression?: string) => problem(400, 'invalid', text, expression)
