import express, { type Request, type RequestHandler } from 'express'
import { problem } from '../fhir/problem.ts'
import { type JsonLimits, parseJson } from './parse-json.ts'

export const oneMiB = 1024 * 1024

/** Takes the body as bytes, whatever its type; compressed ones are refused, since a small one can become a big one. */
export function rawBody(limit: number): RequestHandler {
  return express.raw({ type: () => true, limit, inflate: false })
}

const jsonTypes = ['application/fhir+json', 'application/json', 'application/json-patch+json', 'text/json']

/** The JSON body of a request that must have one. */
export function jsonBody(request: Request, limits: JsonLimits): unknown {
  const [type = '', ...parameters] = (request.get('content-type') ?? '').toLowerCase().split(';')
  const foreign = parameters.some((parameter) => /^\s*charset\s*=/.test(parameter) && !/=\s*"?utf-?8"?\s*$/.test(parameter))
  if (!jsonTypes.includes(type.trim()) || foreign)
    throw problem(415, 'not-supported', 'The body must be application/fhir+json in UTF-8')
  return parseJson(bytesOf(request), limits)
}

/** The form of a search or token request, as pairs. */
export function formBody(request: Request): [string, string][] {
  const type = (request.get('content-type') ?? '').toLowerCase().split(';')[0]?.trim()
  const bytes = bytesOf(request)
  if (bytes.length === 0) return []
  if (type !== 'application/x-www-form-urlencoded')
    throw problem(415, 'not-supported', 'The body must be application/x-www-form-urlencoded')
  return [...new URLSearchParams(bytes.toString('utf8'))]
}

function bytesOf(request: Request): Buffer {
  return Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
}
