/** Webhooks from Spry only say where to look: they are believed when signed, and each once. */
import { Webhook } from 'standardwebhooks'
import { beforeAll, describe, expect, test } from 'vitest'
import { cases, sidesOf } from '../support/at-spry.ts'
import { expectInStep } from '../support/in-step.ts'
import { openPractice, type Practice } from '../support/practice.ts'
import { testDatabase } from '../support/test-database.ts'

const secret = `whsec_${Buffer.from('a secret that only tests know').toString('base64')}`
const { db } = await testDatabase()
let practice: Practice
beforeAll(async () => {
  practice = await openPractice(db, { cases: 5, webhookSecrets: [secret] })
  await practice.round()
})
const { documented } = cases
const { atSpry, editAtSpry, problem } = sidesOf(() => practice)
const link = async (key = documented) => (await practice.store.ledger.linksByKey('spry', 'case', [key])).get(key)

let count = 0
function deliver(key: string, { id = `msg_${++count}`, signedBy = secret, type = 'patientCase.updated' } = {}) {
  const at = new Date(practice.clock.now())
  const body = JSON.stringify({ type, timestamp: at.toISOString(), data: { spry_case_id: key } })
  const headers = {
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
    'webhook-signature': new Webhook(signedBy).sign(id, at, body)
  }
  return practice.engine.receiveWebhook('spry', headers, Buffer.from(body))
}
const workDue = async () => {
  for (const id of await practice.store.ledger.dueLinks('spry', practice.clock.now(), 100)) await practice.engine.workLink(id)
}

describe('a webhook', () => {
  test('that is signed marks its link as due, and the edit arrives without a listing', async () => {
    editAtSpry(documented, { body_pain_notes: 'told by a webhook' })
    const listings = practice.twin.counters.calls.get('listCases')
    expect(await deliver(documented)).toEqual({ status: 204 })
    expect((await link())?.due).toBe(true)
    await workDue()
    expect((await problem()).note?.[0]?.text).toBe('told by a webhook')
    expect(practice.twin.counters.calls.get('listCases')).toBe(listings)
  })

  test('that is delivered twice is taken once', async () => {
    expect(await deliver(documented, { id: 'msg_twice' })).toEqual({ status: 204 })
    await workDue()
    expect(await deliver(documented, { id: 'msg_twice' })).toEqual({ status: 204 })
    expect((await link())?.due).toBe(false)
  })

  test('with a wrong signature is refused and does nothing', async () => {
    const wrong = `whsec_${Buffer.from('somebody else').toString('base64')}`
    expect(await deliver(documented, { id: 'msg_forged', signedBy: wrong })).toEqual({ status: 401, reason: 'bad-signature' })
    expect((await link())?.due).toBe(false)
    // and its id is not used up
    expect(await deliver(documented, { id: 'msg_forged' })).toEqual({ status: 204 })
    expect((await link())?.due).toBe(true)
    await workDue()
  })

  test('about a record that nobody knows brings it in, once', async () => {
    const { patient_id } = atSpry()
    const created = practice.twin.store.create({ patient_id, case_title: 'New at Spry', specialization: 'MSK' })
    await Promise.all([deliver(created.spry_case_id, { type: 'patientCase.created' }), deliver(created.spry_case_id)])
    expect((await problem(created.spry_case_id)).code?.text).toBe('New at Spry')
    await practice.round({ full: true })
    await expectInStep(db, practice.twin, practice.connection)
  })

  test('for a connection that there is not is answered 404', async () => {
    expect(await practice.engine.receiveWebhook('nobody', {}, Buffer.from('{}'))).toMatchObject({ status: 404 })
  })
})
