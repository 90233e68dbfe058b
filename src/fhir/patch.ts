import {
  applyPatch,
  deepClone,
  fhirpathPatchTypedValue,
  type Operation,
  parseFhirPathPatchParameters,
  toTypedValue
} from '@medplum/core'
import type { Parameters, Resource } from '@medplum/fhirtypes'
import { badRequest, problem } from './problem.ts'

export type Patch = readonly Operation[] | Parameters

const operations = new Set(['add', 'remove', 'replace', 'move', 'copy', 'test'])
const maxOperations = 500

/** The patch of a request body; a wrong one is answered without repeating any of it. */
export function readPatch(body: unknown): Patch {
  if (Array.isArray(body)) {
    if (body.length > maxOperations) throw badRequest(`A patch has at most ${maxOperations} operations`)
    if (!body.every(isOperation)) throw badRequest('Each operation of a JSON patch has an op and a path to an element')
    return body
  }
  if ((body as { resourceType?: unknown } | null)?.resourceType === 'Parameters') return body as Parameters
  throw badRequest('A patch is a JSON patch (an array of operations) or a Parameters resource')
}

/** The patched resource, which is still the same one. The original is left as it was. */
export function patched<T extends Resource>(resource: T, patch: Patch): T {
  const copy = deepClone(resource)
  try {
    if (Array.isArray(patch)) {
      if (applyPatch(copy, [...patch] as Operation[]).some((failure) => failure !== null)) throw notApplicable()
    } else {
      fhirpathPatchTypedValue(toTypedValue(copy), parseFhirPathPatchParameters(patch as Parameters))
    }
  } catch {
    // The library's messages repeat values of the resource.
    throw notApplicable()
  }
  if (copy.id !== resource.id || copy.resourceType !== resource.resourceType)
    throw badRequest('A patch cannot change id or resourceType')
  return copy
}

function notApplicable() {
  return problem(422, 'processing', 'The patch does not apply to the current version of the resource')
}

function isOperation(value: unknown): value is Operation {
  const { op, path, from } = (value ?? {}) as { op?: unknown; path?: unknown; from?: unknown }
  return (
    operations.has(op as string) && isPointer(path) && (from === undefined ? op !== 'move' && op !== 'copy' : isPointer(from))
  )
}

/** A JSON pointer below the root that touches no object's prototype. */
function isPointer(path: unknown): boolean {
  return typeof path === 'string' && path.startsWith('/') && !/\/(?:__proto__|constructor|prototype)(?:\/|$)/.test(path)
}
