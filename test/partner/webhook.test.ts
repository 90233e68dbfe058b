import fc from 'fast-check'
import { Webhook } from 'standardwebhooks'
import { expect, test } from 'vitest'
import type { WebhookShape } from '#partner'
import { verifyWebhook } from '#partner'

const shape: WebhookShape = {
  scheme: 'standard-webhooks',
  refs(event) {
    const { type, key } = event as { type?: string; key?: string }
    if (typeof key !== 'string') return undefined
    return type === 'case.updated' ? [{ recordType: 'case', partnerKey: key }] : []
  }
}
const secret = `whsec_${Buffer.from('a secret of thirty-two bytes, ok').toString('base64')}`
const otherSecret = `whsec_${Buffer.from('another secret of some more bytes').toString('base64')}`
const now = Date.parse('2026-04-01T12:00:00Z')
const text = '{"type":"case.updated","key":"K1"}'

function delivery(changes: { id?: string; at?: number; body?: string; signedWith?: string } = {}) {
  const id = changes.id ?? 'msg_1'
  const at = new Date(changes.at ?? now)
  const body = changes.body ?? text
  return {
    headers: {
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
      'webhook-signature': new Webhook(changes.signedWith ?? secret).sign(id, at, body)
    },
    body: Buffer.from(body)
  }
}

const reasonFor = (given: ReturnType<typeof delivery>, secrets = [secret]) => {
  const verdict = verifyWebhook(shape, given, secrets, now)
  return verdict.kind === 'refused' ? verdict.reason : 'accepted'
}

test('what the standard library signs is accepted, and names its records', () => {
  expect(verifyWebhook(shape, delivery(), [secret], now)).toEqual({
    kind: 'accepted',
    deliveryId: 'msg_1',
    refs: [{ recordType: 'case', partnerKey: 'K1' }]
  })
})

test('while a secret is rotated the old and the new one are accepted', () => {
  const both = [otherSecret, secret]
  expect(reasonFor(delivery(), both)).toBe('accepted')
  expect(reasonFor(delivery({ signedWith: otherSecret }), both)).toBe('accepted')
  const given = delivery()
  const twice = `v1a,AAAA v1,${'A'.repeat(43)}= ${given.headers['webhook-signature']}`
  expect(reasonFor({ ...given, headers: { ...given.headers, 'webhook-signature': twice } })).toBe('accepted')
})

test('five minutes of difference between the clocks are borne, not more', () => {
  expect(reasonFor(delivery({ at: now - 300_000 }))).toBe('accepted')
  expect(reasonFor(delivery({ at: now + 300_000 }))).toBe('accepted')
  expect(reasonFor(delivery({ at: now - 301_000 }))).toBe('too-old')
  expect(reasonFor(delivery({ at: now + 301_000 }))).toBe('too-new')
})

test('a timestamp is digits and nothing else', () => {
  const given = delivery()
  const stamp = given.headers['webhook-timestamp']
  for (const wrong of [`${stamp}x`, ` ${stamp}`, `${stamp}.5`, '0x69ccfdc0', '1e9', '-1', '999999999999']) {
    expect(reasonFor({ ...given, headers: { ...given.headers, 'webhook-timestamp': wrong } })).toBe('bad-timestamp')
  }
})

test('a missing header, another secret, no secret and another id are refused', () => {
  const given = delivery()
  expect(reasonFor({ ...given, headers: { ...given.headers, 'webhook-id': '' } })).toBe('missing-headers')
  expect(reasonFor(given, [otherSecret])).toBe('bad-signature')
  expect(reasonFor(given, [])).toBe('bad-signature')
  expect(reasonFor({ ...given, headers: { ...given.headers, 'webhook-id': 'msg_2' } })).toBe('bad-signature')
})

test('any flipped bit of the body is noticed', () => {
  fc.assert(
    fc.property(fc.nat({ max: text.length * 8 - 1 }), (bit) => {
      const given = delivery()
      const body = Buffer.from(given.body)
      body[bit >> 3] = (body[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(reasonFor({ ...given, body })).toBe('bad-signature')
    })
  )
})

test('invalid UTF-8 does not pass for the replacement character that was signed', () => {
  const given = delivery({ body: '{"type":"case.updated","key":"\ufffd"}' })
  const body = Buffer.concat([Buffer.from('{"type":"case.updated","key":"'), Buffer.from([0xff]), Buffer.from('"}')])
  expect(reasonFor({ ...given, body })).toBe('bad-signature')
})

test('a signed body that is no event of the partner is unreadable; an event of no interest names no record', () => {
  expect(reasonFor(delivery({ body: 'no JSON' }))).toBe('unreadable')
  expect(reasonFor(delivery({ body: '{"__proto__":{"key":"K1"}}' }))).toBe('unreadable')
  expect(reasonFor(delivery({ body: '{"type":"case.updated"}' }))).toBe('unreadable')
  expect(verifyWebhook(shape, delivery({ body: '{"type":"note.updated","key":"K1"}' }), [secret], now)).toMatchObject({
    refs: []
  })
})
