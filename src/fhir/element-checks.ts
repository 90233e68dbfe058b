import type { ElementDefinition } from '@medplum/fhirtypes'
import { type Definitions, loadDefinitions } from './definitions.ts'

/** What is checked of one element beyond its structure. */
export interface ElementCheck {
  /** Codes of a required binding. */
  readonly codes?: ReadonlySet<string>
  /** The same without systems, for elements of type `code`. */
  readonly plainCodes?: ReadonlySet<string>
  /** Types that a reference may point to. */
  readonly targets?: ReadonlySet<string>
  /** `onset[x]`: only one of these may be there. */
  readonly choice?: string
  /** Is an object: its type has elements of its own. */
  readonly complex: boolean
  readonly children: () => ReadonlyMap<string, ElementCheck>
}

const prepared = new Map<string, ReadonlyMap<string, ElementCheck>>()
const nothing: ReadonlyMap<string, ElementCheck> = new Map()

/** The checks of a resource type or data type, by JSON name of the element; prepared once per type. */
export function checksOf(type: string): ReadonlyMap<string, ElementCheck> {
  const known = prepared.get(type)
  if (known) return known
  const definitions = loadDefinitions()
  const elements = definitions.elements.get(type)
  const checks = elements ? childrenOf(type, elements, definitions) : nothing
  prepared.set(type, checks)
  return checks
}

function childrenOf(
  path: string,
  elements: readonly ElementDefinition[],
  definitions: Definitions
): ReadonlyMap<string, ElementCheck> {
  const checks = new Map<string, ElementCheck>()
  for (const element of elements) {
    if (!element.path.startsWith(`${path}.`) || element.path.includes('.', path.length + 1)) continue
    const name = element.path.slice(path.length + 1)
    for (const type of element.type ?? (element.contentReference ? [{ code: element.contentReference }] : [])) {
      const choice = name.endsWith('[x]')
      const jsonName = choice ? name.slice(0, -3) + type.code[0]?.toUpperCase() + type.code.slice(1) : name
      checks.set(jsonName, {
        ...bindingOf(element, type.code, definitions),
        ...targetsOf(type.targetProfile),
        ...(choice ? { choice: name } : {}),
        // types that have elements begin with a capital, primitive ones do not
        complex: /^[A-Z#]/.test(type.code),
        children: lazily(() => {
          if (type.code === 'BackboneElement' || type.code === 'Element') return childrenOf(element.path, elements, definitions)
          if (type.code.startsWith('#')) return childrenOf(type.code.slice(1), elements, definitions)
          return checksOf(type.code)
        })
      })
    }
  }
  return checks
}

function bindingOf(element: ElementDefinition, type: string, definitions: Definitions): Partial<ElementCheck> {
  const { strength, valueSet } = element.binding ?? {}
  const codes = strength === 'required' && valueSet ? definitions.codesOf(valueSet) : undefined
  if (!codes) return {}
  if (type !== 'code') return { codes }
  return { plainCodes: new Set([...codes].map((code) => code.slice(code.indexOf('|') + 1))) }
}

function targetsOf(profiles: readonly string[] | undefined): Partial<ElementCheck> {
  const types = (profiles ?? []).map((profile) => profile.slice(profile.lastIndexOf('/') + 1))
  return types.length === 0 || types.includes('Resource') ? {} : { targets: new Set(types) }
}

function lazily<T>(make: () => T): () => T {
  let made: { value: T } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}
