import type { Request } from 'express'
import { problem } from '../fhir/problem.ts'

/** What the client would like, from its Prefer header. */
export interface Preferences {
  readonly returns: 'minimal' | 'representation' | 'OperationOutcome' | undefined
  readonly handling: 'strict' | 'lenient'
}

export function preferencesOf(request: Request): Preferences {
  const header = request.get('prefer') ?? ''
  const [, returns] = /(?:^|[,;]\s*)return=(minimal|representation|OperationOutcome)/.exec(header) ?? []
  return {
    returns: returns as Preferences['returns'],
    handling: /(?:^|[,;]\s*)handling=strict/.test(header) ? 'strict' : 'lenient'
  }
}

/** FHIR in JSON is all there is: who accepts only something else gets a 406. */
export function requireJsonAccepted(request: Request): void {
  const format = new URLSearchParams(request.url.split('?')[1]).get('_format')
  const accepted = format ?? request.get('accept') ?? '*/*'
  if (!/\bjson\b|\*\/\*|application\/\*/i.test(accepted))
    throw problem(406, 'not-supported', 'This server speaks application/fhir+json only')
}
