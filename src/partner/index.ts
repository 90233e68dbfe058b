export { AddressRefused } from './address.ts'
export type { Assumption, Call, CallArguments, CallSource, EffectClass } from './call.ts'
export type { PartnerClient } from './client.ts'
export { CallNotGranted, createClient } from './client.ts'
export type { Connection } from './connection.ts'
export type { ListOptions, Page } from './listing.ts'
export { listPages, readRecord } from './listing.ts'
export type { Answer, Failure, Ok, Outcome, ReadAnswer, Reading, Refusal, UnknownReason } from './outcome.ts'
export type { Partner } from './partner.ts'
export { definePartner, PartnerDeclarationError } from './partner.ts'
export { readJson } from './read-json.ts'
export type {
  AskPartner,
  CursorTrust,
  KnownToConnection,
  Listing,
  ListingAsk,
  RecordRead,
  RecordType,
  RecordWrite,
  RequestIssue,
  RequestOrIssues
} from './record-type.ts'
export { PageUnreadable } from './scan-json.ts'
export type { RecordRange, SplitPage } from './split-records.ts'
export { readEnvelope, splitRecords } from './split-records.ts'
export type { StartTwin, StartTwinOptions, Twin } from './twin.ts'
export type { RecordRef, WebhookDelivery, WebhookRefusal, WebhookShape, WebhookVerdict } from './webhook.ts'
export { sign, verifyWebhook } from './webhook.ts'
