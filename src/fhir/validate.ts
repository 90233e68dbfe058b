import { validateResource } from '@medplum/core'
import type { OperationOutcomeIssue, Resource } from '@medplum/fhirtypes'
import { loadDefinitions } from './definitions.ts'
import { checksOf, type ElementCheck } from './element-checks.ts'
import { isSafeNarrative } from './narrative.ts'
import { FhirProblem, issue } from './problem.ts'

/** The type of the resource that a reference means, where the reference itself does not show it (`urn:uuid:…` in a bundle). */
export type TypeOfReference = (reference: string) => string | undefined

/**
 * What is wrong with a resource as R4 defines it: structure and invariants by the library, and what the library lets pass: codes
 * outside a required binding, references to a wrong type, two of one choice, empty arrays, active content in the narrative.
 * Messages name elements, never their values.
 */
export function validateFhir(resource: Resource, typeOfReference: TypeOfReference = () => undefined): OperationOutcomeIssue[] {
  loadDefinitions()
  const issues = structureIssues(resource)
  const found: OperationOutcomeIssue[] = []
  checkObject(resource as unknown as Fields, checksOf(resource.resourceType), resource.resourceType, { found, typeOfReference })
  const known = new Set(issues.flatMap(({ expression }) => expression ?? []))
  return [...issues, ...found.filter(({ expression }) => !known.has(expression?.[0] ?? ''))]
}

/** Throws the issues as a 422. */
export function requireValid(resource: Resource, typeOfReference?: TypeOfReference): void {
  const issues = validateFhir(resource, typeOfReference)
  if (issues.length > 0) throw new FhirProblem(422, issues.slice(0, 50))
}

function structureIssues(resource: Resource): OperationOutcomeIssue[] {
  let issues: readonly OperationOutcomeIssue[]
  try {
    validateResource(resource)
    return []
  } catch (error) {
    issues = (error as { outcome?: { issue?: OperationOutcomeIssue[] } }).outcome?.issue ?? [
      issue('structure', 'Not a valid resource')
    ]
  }
  return issues.filter(({ severity }) => severity === 'error' || severity === 'fatal').map(withoutContent)
}

/** Names of unknown properties come from outside and are not repeated; nor is what an evaluation threw. */
function withoutContent({ code, details, expression }: OperationOutcomeIssue): OperationOutcomeIssue {
  const unknown = details?.text?.startsWith('Invalid additional property')
  const place = unknown ? expression?.[0]?.slice(0, expression[0].lastIndexOf('.')) : expression?.[0]
  return issue(code, unknown ? 'Unknown property' : (details?.text ?? 'Invalid'), place)
}

type Fields = Record<string, unknown>

interface Checking {
  readonly found: OperationOutcomeIssue[]
  readonly typeOfReference: TypeOfReference
}

function checkObject(object: Fields, checks: ReadonlyMap<string, ElementCheck>, path: string, checking: Checking): void {
  const chosen = new Set<string>()
  for (const [name, value] of Object.entries(object)) {
    const check = checks.get(name)
    const place = `${path}.${name}`
    if (!check) continue
    if (check.choice) {
      if (chosen.has(check.choice)) checking.found.push(issue('structure', `Only one of ${check.choice} may be present`, path))
      chosen.add(check.choice)
    }
    if (Array.isArray(value)) {
      if (value.length === 0) checking.found.push(issue('structure', 'An array may not be empty', place))
      for (const [n, item] of value.entries()) checkValue(item, check, `${place}[${n}]`, checking)
    } else checkValue(value, check, place, checking)
  }
}

function checkValue(value: unknown, check: ElementCheck, place: string, checking: Checking): void {
  const { found } = checking
  if (typeof value === 'string') {
    if (check.plainCodes && !check.plainCodes.has(value))
      found.push(issue('code-invalid', 'Not a code of the required value set', place))
    // biome-ignore lint/suspicious/noControlCharactersInRegex: FHIR strings allow tab, line feed and carriage return only
    if (/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/.test(value)) found.push(issue('value', 'Contains a control character', place))
    if (place.endsWith('.text.div') && !isSafeNarrative(value))
      found.push(issue('security', 'Narrative with active or foreign content', place))
    return
  }
  if (check.complex && (typeof value === 'number' || typeof value === 'boolean')) {
    found.push(issue('structure', 'Must be an object', place))
  }
  if (typeof value !== 'object' || value === null) return
  const fields = value as Fields
  if (check.codes && !hasCode(fields, check.codes)) found.push(issue('code-invalid', 'No code of the required value set', place))
  if (check.targets && !pointsTo(fields, check.targets, checking.typeOfReference)) {
    found.push(issue('value', `Must refer to ${[...check.targets].join(' or ')}`, place))
  }
  const children = typeof fields.resourceType === 'string' ? checksOf(fields.resourceType) : check.children()
  checkObject(fields, children, place, checking)
}

/** A CodeableConcept or Coding with a code of the value set. */
function hasCode(value: Fields, codes: ReadonlySet<string>): boolean {
  const codings = Array.isArray(value.coding) ? (value.coding as Fields[]) : [value]
  return codings.some((coding) => codes.has(`${String(coding?.system)}|${String(coding?.code)}`))
}

function pointsTo({ reference, type }: Fields, targets: ReadonlySet<string>, typeOf: TypeOfReference): boolean {
  const named =
    typeof reference === 'string' ? (typeOf(reference) ?? /(?:^|\/)([A-Z][A-Za-z]+)[/?][^/]+$/.exec(reference)?.[1]) : undefined
  return [named, type].every((target) => target === undefined || typeof target !== 'string' || targets.has(target))
}
