import type {
  CapabilityStatement,
  CapabilityStatementRestResource,
  CapabilityStatementRestResourceSearchParam
} from '@medplum/fhirtypes'
import { searchParameters } from './search-parameters.ts'

/** What this server can do, read off the same tables that it runs on. */
export function capabilityStatement(server: {
  readonly base: string
  readonly tokenUrl: string
  readonly now: number
}): CapabilityStatement {
  return {
    resourceType: 'CapabilityStatement',
    status: 'active',
    date: new Date(server.now).toISOString(),
    kind: 'instance',
    software: { name: 'Ligature' },
    implementation: { description: 'Ligature hub', url: server.base },
    fhirVersion: '4.0.1',
    format: ['application/fhir+json', 'json'],
    patchFormat: ['application/json-patch+json', 'application/fhir+json'],
    rest: [
      {
        mode: 'server',
        security: {
          service: [
            { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/restful-security-service', code: 'SMART-on-FHIR' }] }
          ],
          extension: [
            {
              url: 'http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris',
              extension: [{ url: 'token', valueUri: server.tokenUrl }]
            }
          ]
        },
        resource: [...searchParameters.keys()].map(resourceCapability),
        interaction: [{ code: 'transaction' }, { code: 'batch' }]
      }
    ]
  }
}

function resourceCapability(type: string): CapabilityStatementRestResource {
  const parameters = [...(searchParameters.get(type) ?? [])]
  const references = parameters.filter(([, param]) => param.kind === 'reference')
  return {
    type: type as NonNullable<CapabilityStatementRestResource['type']>,
    interaction: (['create', 'read', 'vread', 'update', 'patch', 'delete', 'history-instance', 'search-type'] as const).map(
      (code) => ({ code })
    ),
    versioning: 'versioned-update',
    readHistory: true,
    updateCreate: false,
    conditionalCreate: true,
    conditionalRead: 'not-match',
    conditionalUpdate: true,
    conditionalDelete: 'single',
    searchInclude: references.map(([name]) => `${type}:${name}`),
    searchRevInclude: referringTo(type),
    searchParam: [
      { name: '_id', type: 'token' },
      { name: '_lastUpdated', type: 'date' },
      ...parameters.map(([name, { kind }]): CapabilityStatementRestResourceSearchParam => ({ name, type: kind }))
    ],
    operation: [{ name: 'validate', definition: 'http://hl7.org/fhir/OperationDefinition/Resource-validate' }]
  }
}

/** The parameters of other types whose references may point to this one. */
function referringTo(type: string): string[] {
  return [...searchParameters].flatMap(([other, params]) =>
    [...params].flatMap(([name, { kind, targets = [] }]) => {
      const points = kind === 'reference' && (targets.length === 0 || (targets as readonly string[]).includes(type))
      return points ? [`${other}:${name}`] : []
    })
  )
}
