import type { ResourceType } from '@medplum/fhirtypes'

/**
 * Every search parameter that the hub answers, per resource type. Search, the index that is written with each resource, and the
 * CapabilityStatement all read this table; a type that is not here is not stored.
 */
export interface SearchParameter {
  readonly kind: 'token' | 'reference' | 'date' | 'string' | 'uri'
  /** Where the values lie: dotted element names; lists on the way are searched item by item. */
  readonly paths: readonly string[]
  /** For references: the types they may point to. */
  readonly targets?: readonly ResourceType[]
}

const token = (...paths: string[]): SearchParameter => ({ kind: 'token', paths })
const date = (...paths: string[]): SearchParameter => ({ kind: 'date', paths })
const string = (...paths: string[]): SearchParameter => ({ kind: 'string', paths })
const uri = (...paths: string[]): SearchParameter => ({ kind: 'uri', paths })
const reference = (path: string | readonly string[], ...targets: ResourceType[]): SearchParameter => ({
  kind: 'reference',
  paths: typeof path === 'string' ? [path] : path,
  targets
})

const identifier = token('identifier')
const subject = { patient: reference('subject', 'Patient'), subject: reference('subject', 'Patient', 'Group') }
const encounter = reference('encounter', 'Encounter')
const personName = { name: string('name'), family: string('name.family'), given: string('name.given') }
const who = ['Practitioner', 'PractitionerRole', 'Organization', 'Patient', 'Device', 'RelatedPerson'] as const

/** On every type. `_id` and `_lastUpdated` are columns of the resource itself. */
export const commonParameters = { _tag: token('meta.tag'), _profile: uri('meta.profile'), _security: token('meta.security') }

const byType = {
  Account: {
    identifier,
    patient: reference('subject', 'Patient'),
    subject: reference('subject', 'Patient', 'Practitioner', 'PractitionerRole', 'Organization', 'Device', 'Location'),
    owner: reference('owner', 'Organization'),
    status: token('status'),
    type: token('type'),
    period: date('servicePeriod'),
    name: string('name')
  },
  ActivityDefinition: {
    identifier,
    url: uri('url'),
    status: token('status'),
    code: token('code'),
    topic: token('topic'),
    date: date('date'),
    name: string('name'),
    title: string('title')
  },
  Composition: {
    identifier,
    ...subject,
    encounter,
    author: reference('author', ...who),
    attester: reference('attester.party', ...who),
    status: token('status'),
    type: token('type'),
    category: token('category'),
    section: token('section.code'),
    entry: reference('section.entry', 'Condition', 'Procedure', 'DocumentReference', 'Observation'),
    'related-ref': reference('relatesTo.targetReference', 'Composition'),
    date: date('date'),
    title: string('title')
  },
  Condition: {
    identifier,
    ...subject,
    encounter,
    asserter: reference('asserter', 'Practitioner', 'PractitionerRole', 'Patient', 'RelatedPerson'),
    code: token('code'),
    category: token('category'),
    'clinical-status': token('clinicalStatus'),
    'verification-status': token('verificationStatus'),
    'body-site': token('bodySite'),
    'onset-date': date('onsetDateTime', 'onsetPeriod'),
    'abatement-date': date('abatementDateTime', 'abatementPeriod'),
    'recorded-date': date('recordedDate')
  },
  Coverage: {
    identifier,
    patient: reference('beneficiary', 'Patient'),
    beneficiary: reference('beneficiary', 'Patient'),
    payor: reference('payor', 'Organization', 'Patient', 'RelatedPerson'),
    status: token('status'),
    type: token('type')
  },
  Device: {
    identifier,
    patient: reference('patient', 'Patient'),
    status: token('status'),
    type: token('type'),
    'device-name': string('deviceName.name')
  },
  DocumentReference: {
    identifier: token('identifier', 'masterIdentifier'),
    ...subject,
    encounter: reference('context.encounter', 'Encounter', 'EpisodeOfCare'),
    author: reference('author', ...who),
    related: reference('context.related', 'Composition', 'Condition', 'Procedure', 'DocumentReference'),
    relatesto: reference('relatesTo.target', 'DocumentReference'),
    status: token('status'),
    type: token('type'),
    category: token('category'),
    date: date('date'),
    period: date('context.period')
  },
  Encounter: {
    identifier,
    ...subject,
    'episode-of-care': reference('episodeOfCare', 'EpisodeOfCare'),
    participant: reference('participant.individual', 'Practitioner', 'PractitionerRole', 'RelatedPerson'),
    practitioner: reference('participant.individual', 'Practitioner'),
    diagnosis: reference('diagnosis.condition', 'Condition', 'Procedure'),
    status: token('status'),
    class: token('class'),
    type: token('type'),
    date: date('period')
  },
  EpisodeOfCare: {
    identifier,
    patient: reference('patient', 'Patient'),
    condition: reference('diagnosis.condition', 'Condition'),
    organization: reference('managingOrganization', 'Organization'),
    'care-manager': reference('careManager', 'Practitioner', 'PractitionerRole'),
    status: token('status'),
    type: token('type'),
    date: date('period')
  },
  Location: { identifier, status: token('status'), type: token('type'), name: string('name') },
  Observation: {
    identifier,
    ...subject,
    encounter,
    code: token('code'),
    category: token('category'),
    status: token('status'),
    date: date('effectiveDateTime', 'effectivePeriod', 'effectiveInstant')
  },
  Organization: { identifier, active: token('active'), type: token('type'), name: string('name', 'alias') },
  Patient: {
    identifier,
    ...personName,
    active: token('active'),
    gender: token('gender'),
    birthdate: date('birthDate'),
    telecom: token('telecom'),
    link: reference('link.other', 'Patient', 'RelatedPerson'),
    organization: reference('managingOrganization', 'Organization'),
    'general-practitioner': reference('generalPractitioner', 'Practitioner', 'PractitionerRole', 'Organization')
  },
  Practitioner: { identifier, ...personName, active: token('active'), telecom: token('telecom') },
  PractitionerRole: {
    identifier,
    practitioner: reference('practitioner', 'Practitioner'),
    organization: reference('organization', 'Organization'),
    active: token('active'),
    role: token('code')
  },
  Procedure: {
    identifier,
    ...subject,
    encounter,
    performer: reference('performer.actor', ...who),
    'part-of': reference('partOf', 'Procedure', 'Observation'),
    'reason-reference': reference('reasonReference', 'Condition', 'Procedure', 'DocumentReference'),
    code: token('code'),
    category: token('category'),
    status: token('status'),
    date: date('performedDateTime', 'performedPeriod')
  },
  Provenance: {
    target: reference('target'),
    patient: reference('target', 'Patient'),
    agent: reference('agent.who', ...who),
    entity: reference('entity.what'),
    'signature-type': token('signature.type'),
    recorded: date('recorded'),
    when: date('occurredDateTime', 'occurredPeriod')
  },
  RelatedPerson: { identifier, patient: reference('patient', 'Patient'), ...personName, active: token('active') },
  Subscription: {
    status: token('status'),
    type: token('channel.type'),
    url: uri('channel.endpoint'),
    criteria: string('criteria')
  },
  Task: {
    identifier,
    patient: reference('for', 'Patient'),
    subject: reference('for'),
    encounter,
    focus: reference('focus'),
    owner: reference('owner', ...who),
    requester: reference('requester', ...who),
    code: token('code'),
    status: token('status'),
    'business-status': token('businessStatus'),
    'authored-on': date('authoredOn'),
    modified: date('lastModified'),
    period: date('executionPeriod')
  }
} as const satisfies Partial<Record<ResourceType, Record<string, SearchParameter>>>

/** The resource types that the hub stores. */
export const storedTypes: readonly ResourceType[] = Object.keys(byType) as (keyof typeof byType)[]

/** Parameters by type and name, with the common ones. Maps, so that a name like `__proto__` finds nothing. */
export const searchParameters: ReadonlyMap<string, ReadonlyMap<string, SearchParameter>> = new Map(
  Object.entries(byType).map(([type, own]) => [
    type,
    new Map<string, SearchParameter>(Object.entries({ ...commonParameters, ...own }))
  ])
)
