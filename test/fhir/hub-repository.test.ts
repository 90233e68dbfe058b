import { expect, test } from 'vitest'
import { clock } from '../../src/adapters/clock.ts'
import { newId } from '../../src/adapters/new-id.ts'
import { fullAccess } from '../../src/fhir/access.ts'
import { readCriteria } from '../../src/fhir/criteria.ts'
import { HubRepository } from '../../src/fhir/hub-repository.ts'
import type { Change } from '../../src/fhir/store/write-changes.ts'
import { runTransaction } from '../../src/fhir/transaction.ts'
import { testDatabase } from '../support/test-database.ts'
import { condition, patient, sid } from './support/resources.ts'

const { db } = await testDatabase()
const hubs = Array.from({ length: 4 }, () => new HubRepository({ db, clock, newId, random: Math.random }))
const [hub] = hubs as [HubRepository]

test('several processes that create conditionally at the same time create once', async () => {
  for (let round = 0; round < 5; round++) {
    const criteria = readCriteria('Patient', `identifier=${sid}/patient|process-${round}`)
    const answers = await Promise.all(
      Array.from({ length: 32 }, (_, n) => hubs[n % 4]?.createUnless(patient(`process-${round}`), criteria))
    )
    expect(new Set(answers.map((answer) => answer?.resource.id)).size).toBe(1)
    expect(answers.filter((answer) => answer?.outcome.id === 'created')).toHaveLength(1)
  }
}, 60_000)

test('several processes that run the same transaction at the same time write it once', async () => {
  const context = { access: fullAccess, handling: 'lenient', withResources: false } as const
  const bundle = {
    resourceType: 'Bundle' as const,
    type: 'transaction' as const,
    entry: [
      {
        fullUrl: 'urn:uuid:00000000-0000-4000-8000-000000000001',
        resource: patient('tx'),
        request: { method: 'POST' as const, url: 'Patient', ifNoneExist: `identifier=${sid}/patient|tx` }
      },
      {
        resource: condition('tx', 'urn:uuid:00000000-0000-4000-8000-000000000001'),
        request: { method: 'PUT' as const, url: `Condition?identifier=${sid}/condition|tx` }
      }
    ]
  }
  const answers = await Promise.all(
    Array.from({ length: 16 }, (_, n) => runTransaction(hubs[n % 4] as HubRepository, bundle, context))
  )
  expect(new Set(answers.map((answer) => answer.entry?.map((entry) => entry.response?.location).join())).size).toBe(1)
  expect(answers.filter((answer) => answer.entry?.[1]?.response?.status === '201 Created')).toHaveLength(1)
}, 60_000)

test('every write is told inside its transaction, and a refusal there undoes it', async () => {
  const told: Change[] = []
  const listening = new HubRepository({
    db,
    clock,
    newId,
    onWrite: async (tx, changes) => {
      expect(tx.isTransaction).toBe(true)
      told.push(...changes)
      if (changes.some(({ resource }) => 'gender' in resource)) throw new Error('no')
    }
  })
  const created = await listening.createResource(patient('told'))
  await listening.updateResource({ ...patient('told', { active: true }), id: created.id })
  await listening.updateResource({ ...patient('told', { active: true }), id: created.id })
  await listening.deleteResource('Patient', created.id)
  expect(told.map(({ version, deleted }) => [version, deleted])).toEqual([
    [1, false],
    [2, false],
    [3, true]
  ])
  const second = await listening.createResource(patient('told'))
  await expect(listening.updateResource({ ...second, gender: 'male' })).rejects.toThrow('no')
  expect((await hub.readResource('Patient', second.id)).meta?.versionId).toBe('1')
})

test('it is a FhirRepository: searches and references as the router asks for them', async () => {
  const owner = await hub.createResource(patient('router'))
  await hub.createResource(condition('router', `Patient/${owner.id}`))
  const request = {
    resourceType: 'Condition',
    filters: [{ code: 'patient', operator: 'eq', value: `Patient/${owner.id}` }]
  } as const
  expect(await hub.searchResources(request as unknown as Parameters<typeof hub.searchResources>[0])).toHaveLength(1)
  expect((await hub.readReference({ reference: `Patient/${owner.id}` })).id).toBe(owner.id)
  const [found, missing] = await hub.readReferences([{ reference: `Patient/${owner.id}` }, { reference: 'Patient/nobody' }])
  expect([(found as { id: string }).id, missing instanceof Error]).toEqual([owner.id, true])
})
