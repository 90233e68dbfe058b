import { hash } from 'node:crypto'
import { canonicalJson } from '#mapping'

/** SHA-256 of a record's bytes as they came: the cheapest way to know that nothing changed. */
export const rawHashOf = (bytes: Uint8Array): Buffer => hash('sha256', bytes, 'buffer')

/** SHA-256 of a record's canonical JSON: the same whatever the order of its keys. */
export const recordHashOf = (record: unknown): Buffer => hash('sha256', canonicalJson(record), 'buffer')
