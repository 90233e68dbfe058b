/**
 * The hub's tables. What every search and every sync run reads is narrow; content lies apart, as bytes of the content codec.
 * All but `resource_version` describe current resources only and can be rebuilt from it.
 */
export interface HubTables {
  resource: ResourceTable
  resource_version: ResourceVersionTable
  resource_key: ResourceKeyTable
  resource_date: ResourceDateTable
  resource_string: ResourceStringTable
  conditional_claim: ConditionalClaimTable
}

/** One row per resource: its current version, and the tokens that it is found by. A deleted resource keeps its row. */
interface ResourceTable {
  resource_type: string
  id: string
  version: number
  last_updated: Date
  deleted: boolean
  /** `status=active`, `code=M72.1`, `code=http://hl7.org/fhir/sid/icd-10-cm|M72.1`, `patient=Patient/<id>`, … */
  search: string[]
}

/** Every version of every resource, the current one included: this is the history. */
interface ResourceVersionTable {
  resource_type: string
  id: string
  version: number
  last_updated: Date
  deleted: boolean
  content: Buffer
}

/** What one resource is looked up by: its identifiers, tags and canonical url. Two resources may share one (an NPI). */
interface ResourceKeyTable {
  resource_type: string
  id: string
  param: 'identifier' | '_tag' | 'url'
  /** Empty when the key has no system. */
  system: string
  value: string
}

/** A date parameter as the range that its precision means: `2026-03` is the whole of March. */
interface ResourceDateTable {
  resource_type: string
  id: string
  param: string
  /** Milliseconds since 1970, so that both ends compare and print alike everywhere; `openStart` when the period has no start. */
  start: string
  /** Exclusive; `openEnd` when the period goes on. */
  end: string
}

/** A string parameter in lower case without accents, searched by its beginning. */
interface ResourceStringTable {
  resource_type: string
  id: string
  param: string
  value: string
}

/** Who won a conditional create: unique while the match lives, and deleted with it. */
interface ConditionalClaimTable {
  resource_type: string
  criteria: string
  id: string
}
