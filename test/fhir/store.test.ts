import type { Condition } from '@medplum/fhirtypes'
import { expect, test } from 'vitest'
import { newId } from '../../src/adapters/new-id.ts'
import { deleteResources } from '../../src/fhir/store/delete-resources.ts'
import { findByIdentifiers } from '../../src/fhir/store/find-by-identifiers.ts'
import { readHistory } from '../../src/fhir/store/read-history.ts'
import { readResources } from '../../src/fhir/store/read-resources.ts'
import { VersionConflict } from '../../src/fhir/store/version-conflict.ts'
import { versionsOf } from '../../src/fhir/store/versions-of.ts'
import { writeResources } from '../../src/fhir/store/write-resources.ts'
import { testDatabase } from '../support/test-database.ts'
import { condition, sid } from './support/resources.ts'

const { db } = await testDatabase()
const at = Date.parse('2026-03-01T10:00:00.123Z')

test('thousands of resources are written at once and read back as they were, with id, version and time', async () => {
  const resources = Array.from({ length: 6_000 }, (_, n) => withId(condition(`bulk-${n}`, 'Patient/1')))
  const versions = await writeResources(
    db,
    resources.map((resource) => ({ resource, expected: 'new' as const })),
    at
  )
  expect(versions.size).toBe(6_000)
  const found = await readResources(
    db,
    resources.map(({ resourceType, id }) => ({ resourceType, id }))
  )
  const [first] = resources as [Condition & { id: string }]
  expect(found.size).toBe(6_000)
  expect(found.get(`Condition/${first.id}`)).toEqual({
    ...first,
    meta: { versionId: '1', lastUpdated: '2026-03-01T10:00:00.123Z' }
  })
})

test('an update replaces what the resource was found by, and keeps the version before', async () => {
  const resource = withId(condition('before', 'Patient/1', { onsetDateTime: '2026-01-01' }))
  await writeResources(db, [{ resource, expected: 'new' }], at)
  const next = { ...resource, identifier: [{ system: `${sid}/condition`, value: 'after' }], onsetDateTime: '2026-02-01' }
  await writeResources(db, [{ resource: next, expected: 1 }], at + 1)
  const keys = ['before', 'after'].map((value) => ({ resourceType: 'Condition', system: `${sid}/condition`, value }))
  expect(await findByIdentifiers(db, keys)).toEqual(new Map([[`Condition?identifier=${sid}/condition|after`, [resource.id]]]))
  const dates = await db.selectFrom('resource_date').select('start').where('id', '=', resource.id).execute()
  expect(dates.map(({ start }) => Number(start))).toEqual([Date.parse('2026-02-01')])
  expect((await readHistory(db, resource, 10)).map(({ version }) => version)).toEqual([2, 1])
})

test('one stale version stops the whole write and is named', async () => {
  const [fresh, stale] = [withId(condition('fresh', 'Patient/1')), withId(condition('stale', 'Patient/1'))]
  await writeResources(db, [{ resource: stale, expected: 'new' }], at)
  await writeResources(db, [{ resource: stale, expected: 1 }], at)
  const attempt = writeResources(
    db,
    [
      { resource: fresh, expected: 'new' },
      { resource: stale, expected: 1 }
    ],
    at
  )
  await expect(attempt).rejects.toSatisfy(
    (error) => error instanceof VersionConflict && error.resources.join() === `Condition/${stale.id}`
  )
  expect(await versionsOf(db, [fresh, stale])).toEqual(new Map([[`Condition/${stale.id}`, { version: 2, deleted: false }]]))
})

test('a resource that exists is not created again', async () => {
  const resource = withId(condition('once', 'Patient/1'))
  await writeResources(db, [{ resource, expected: 'new' }], at)
  const again = writeResources(db, [{ resource, expected: 'new' }], at)
  await expect(again).rejects.toSatisfy(
    (error) => error instanceof VersionConflict && error.resources.join() === `Condition/${resource.id}`
  )
})

test('an update of nothing is a conflict', async () => {
  await expect(
    writeResources(db, [{ resource: withId(condition('none', 'Patient/1')), expected: 3 }], at)
  ).rejects.toBeInstanceOf(VersionConflict)
})

test('a deleted resource is found no more, but its versions are', async () => {
  const resource = withId(condition('deleted', 'Patient/1'))
  await writeResources(db, [{ resource, expected: 'new' }], at)
  expect(await deleteResources(db, [{ ...resource, expected: 1 }], at)).toEqual(new Map([[`Condition/${resource.id}`, 2]]))
  expect((await readResources(db, [resource])).size).toBe(0)
  expect((await findByIdentifiers(db, [{ resourceType: 'Condition', system: `${sid}/condition`, value: 'deleted' }])).size).toBe(
    0
  )
  expect(await versionsOf(db, [resource])).toEqual(new Map([[`Condition/${resource.id}`, { version: 2, deleted: true }]]))
  await writeResources(db, [{ resource, expected: 2 }], at)
  expect((await readHistory(db, resource, 10)).map(({ version, deleted }) => [version, deleted])).toEqual([
    [3, false],
    [2, true],
    [1, false]
  ])
})

test('two resources may share an identifier, and strange values are only values', async () => {
  const strange = `a,b "c" {d} \\ ' | ü \u0001${'x'.repeat(4_000)}`
  const two = [withId(condition(strange, 'Patient/1')), withId(condition(strange, 'Patient/2'))]
  await writeResources(
    db,
    two.map((resource) => ({ resource, expected: 'new' as const })),
    at
  )
  const found = await findByIdentifiers(db, [{ resourceType: 'Condition', system: `${sid}/condition`, value: strange }])
  expect([...found.values()]).toEqual([two.map(({ id }) => id).sort()])
})

test('ids that are none of ours are just not found', async () => {
  expect((await readResources(db, [{ resourceType: 'Condition', id: "x'; --" }])).size).toBe(0)
  expect((await versionsOf(db, [{ resourceType: 'Condition', id: '1' }])).size).toBe(0)
})

test('writers of the same version: one wins', async () => {
  const resource = withId(condition('race', 'Patient/1'))
  await writeResources(db, [{ resource, expected: 'new' }], at)
  const attempts = await Promise.allSettled(Array.from({ length: 16 }, () => writeResources(db, [{ resource, expected: 1 }], at)))
  expect(attempts.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
})

function withId<T extends Condition>(resource: T): T & { id: string } {
  return { ...resource, id: newId() }
}
