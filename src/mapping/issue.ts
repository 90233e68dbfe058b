import type { OperationOutcomeIssue } from '@medplum/fhirtypes'
import { codeSystem, type IssueCode } from './conversion.ts'

/** Something about a record that could not be carried over. Expected, returned as data, and never holding the value itself. */
export interface Issue {
  /** The partner field. */
  readonly from: string
  /** The FHIR element, beginning with its resource type. */
  readonly to: string
  readonly code: IssueCode
  readonly message: string
}

const fhirCodes = {
  'unsupported-write': 'not-supported',
  'partner-read-only': 'business-rule',
  conflict: 'conflict',
  'unmapped-code': 'code-invalid',
  'missing-reference': 'not-found',
  withheld: 'suppressed',
  locked: 'business-rule',
  'invalid-content': 'value'
} as const

/** One line for a person: both paths and what is wrong. */
export const issueText = (issue: Issue): string => `${issue.from} → ${issue.to}: ${issue.message}`

/** The issue as an entry of an OperationOutcome. */
export function issueOutcome(issue: Issue): OperationOutcomeIssue {
  return {
    severity: 'warning',
    code: fhirCodes[issue.code],
    details: { coding: [{ system: codeSystem('sync-issue'), code: issue.code }], text: issueText(issue) },
    expression: [issue.to]
  }
}
