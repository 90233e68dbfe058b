import { createHmac, timingSafeEqual } from 'node:crypto'
import { readJson } from './read-json.ts'

/** A record that an event speaks of. The rest of an event is never believed: the record is read again. */
export interface RecordRef {
  readonly recordType: string
  readonly partnerKey: string
}

/** How a partner tells of changes: signed per Standard Webhooks; `refs` reads an event, undefined when it is none of its events. */
export interface WebhookShape {
  readonly scheme: 'standard-webhooks'
  refs(event: unknown): readonly RecordRef[] | undefined
}

export type WebhookVerdict =
  | { readonly kind: 'accepted'; readonly deliveryId: string; readonly refs: readonly RecordRef[] }
  | { readonly kind: 'refused'; readonly reason: WebhookRefusal }

export type WebhookRefusal = 'missing-headers' | 'bad-timestamp' | 'too-old' | 'too-new' | 'bad-signature' | 'unreadable'

export interface WebhookDelivery {
  /** Header names in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  /** The body's bytes as they came, before any parser. */
  readonly body: Uint8Array
}

const toleranceSeconds = 300

/**
 * Judges a delivery. Several secrets may be valid at once while one is rotated.
 *
 * The HMAC is computed here and not by the `standardwebhooks` library: that one reads the system's clock, parses the timestamp
 * with `parseInt` and turns the bytes into a string before it signs them, so that invalid UTF-8 would verify as U+FFFD.
 */
export function verifyWebhook(
  shape: WebhookShape,
  delivery: WebhookDelivery,
  secrets: readonly string[],
  now: number
): WebhookVerdict {
  const header = (name: string) => {
    const value = delivery.headers[name]
    return typeof value === 'string' ? value : ''
  }
  const deliveryId = header('webhook-id')
  const timestamp = header('webhook-timestamp')
  const signatures = header('webhook-signature')
  if (deliveryId === '' || deliveryId.length > 255 || timestamp === '' || signatures === '') return refused('missing-headers')
  if (!/^\d{1,11}$/.test(timestamp)) return refused('bad-timestamp')
  const age = Math.floor(now / 1000) - Number(timestamp)
  if (age > toleranceSeconds) return refused('too-old')
  if (age < -toleranceSeconds) return refused('too-new')

  const expected = secrets.map((secret) => sign(secret, deliveryId, timestamp, delivery.body))
  if (!signatures.split(' ').some((given) => expected.some((digest) => matches(given, digest)))) return refused('bad-signature')

  let event: unknown
  try {
    event = readJson(delivery.body)
  } catch {
    return refused('unreadable')
  }
  const refs = shape.refs(event)
  return refs === undefined ? refused('unreadable') : { kind: 'accepted', deliveryId, refs }
}

/** The digest that Standard Webhooks puts after `v1,`. */
export function sign(secret: string, deliveryId: string, timestamp: string, body: Uint8Array): Uint8Array {
  const key = Buffer.from(secret.startsWith('whsec_') ? secret.slice('whsec_'.length) : secret, 'base64')
  if (key.length === 0) throw new Error('A webhook secret is empty: give base64, with or without the prefix whsec_')
  return createHmac('sha256', key).update(`${deliveryId}.${timestamp}.`).update(body).digest()
}

function matches(given: string, digest: Uint8Array): boolean {
  if (!given.startsWith('v1,')) return false
  const bytes = Buffer.from(given.slice('v1,'.length), 'base64')
  return bytes.length === digest.length && timingSafeEqual(bytes, digest)
}

function refused(reason: WebhookRefusal): WebhookVerdict {
  return { kind: 'refused', reason }
}
