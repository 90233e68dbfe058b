import secureJson from 'secure-json-parse'
import { problem } from '../fhir/problem.ts'

export interface JsonLimits {
  readonly maxDepth: number
  readonly maxNodes: number
}

export const resourceLimits: JsonLimits = { maxDepth: 64, maxNodes: 100_000 }
export const bundleLimits: JsonLimits = { maxDepth: 64, maxNodes: 1_000_000 }

/** The JSON of a request: UTF-8 without errors, neither deep nor endless, no key that reaches for a prototype. Never quotes it. */
export function parseJson(bytes: Uint8Array, limits: JsonLimits): unknown {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw problem(400, 'structure', 'The body is not UTF-8')
  }
  checkShape(text, limits)
  try {
    return secureJson.parse(text, null, { protoAction: 'error', constructorAction: 'error' })
  } catch {
    throw problem(400, 'structure', 'The body is not JSON, or has a key __proto__ or constructor')
  }
}

/** Counts brackets and commas outside of strings, before anything is built from them. */
function checkShape(text: string, { maxDepth, maxNodes }: JsonLimits): void {
  let depth = 0
  let nodes = 0
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case 0x22: // "
        at = endOfString(text, at)
        break
      case 0x7b: // {
      case 0x5b: // [
        nodes++
        if (++depth > maxDepth) throw problem(400, 'too-costly', `The body is nested more than ${maxDepth} levels deep`)
        break
      case 0x7d: // }
      case 0x5d: // ]
        depth--
        break
      case 0x2c: // ,
        nodes++
    }
    if (nodes > maxNodes) throw problem(400, 'too-costly', `The body has more than ${maxNodes} values`)
  }
}

function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const char = text.charCodeAt(at)
    if (char === 0x5c) at++
    else if (char === 0x22) return at
  }
  return text.length
}
