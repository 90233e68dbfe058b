/** The mapping language, as mappings and the engine import it. */
export { type BoundEntity, type BoundResourcePart, type BoundRow, bind, keyValue } from './bind.ts'
export { findAnchor, namedInBundle, toBundle, urnOf } from './bundle.ts'
export {
  BASE,
  type BoundConversion,
  type Conversion,
  code,
  codeSystem,
  codes,
  conversion,
  extensionUrl,
  type IssueCode,
  idText,
  isCode,
  notFhirText,
  partnerUrl,
  readText,
  required,
  type Scope,
  sid,
  TableCannotReturn,
  Unreadable
} from './conversion.ts'
export { documentOf } from './document.ts'
export { type AnyEntity, type Entity, entity, inside, type Ownership, owned, shared } from './entity.ts'
export { canonicalJson, equal } from './equal.ts'
export { howOf } from './how.ts'
export { type Issue, issueOutcome, issueText } from './issue.ts'
export { type Dependent, type ElementLineage, impactOf, lineageOf } from './lineage.ts'
export { inOrder } from './list.ts'
export { lossesOf } from './losses.ts'
export { between, type Mapping } from './mapping.ts'
export { many, type Nested, nested } from './nested.ts'
export { partnerValue, sameForPartner } from './partner-value.ts'
export { matches, readAllAt, readAt, type Step, writeAllAt, writeAt } from './path.ts'
export { knownKey, type Named, type Pool, poolOf, poolOfPieces, withKeys } from './pool.ts'
export { keyOf, parseKey, referenceById, referenceByKey } from './reference.ts'
export { locateParts } from './route.ts'
export type { LivingRow, Row, Rule, Write } from './row.ts'
export { date, instantText, utc } from './time.ts'
export { type Mapped, missingField, type NestedRecord, nestedRecords, type Piece, toFhir } from './to-fhir.ts'
export { type BackOptions, type PartnerRecord, toPartner } from './to-partner.ts'
export { unforeseenFields } from './unforeseen.ts'
