import type { PartnerClient } from './client.ts'
import type { Failure } from './outcome.ts'
import { readJson } from './read-json.ts'
import type { Listing, ListingAsk } from './record-type.ts'
import { PageUnreadable } from './scan-json.ts'
import type { RecordRange } from './split-records.ts'
import { readEnvelope, splitRecords } from './split-records.ts'

/** One page of a listing, its records still unparsed: `readRecord(page, range)` parses one. */
export interface Page {
  readonly kind: 'page'
  /** The bytes of the answer; each record's are `text.subarray(range.start, range.end)`. */
  readonly text: Uint8Array
  readonly records: readonly RecordRange[]
  /** The answer with its array emptied. */
  readonly envelope: unknown
  /** How many records the whole listing has, where the partner says it. */
  readonly total: number | undefined
  /** Names this page; undefined for the first. */
  readonly position: string | undefined
  /** Names the page after this one; undefined on the last. To resume, list `from` here. */
  readonly next: string | undefined
  readonly receivedAt: number
  readonly partnerDate?: number
}

export interface ListOptions extends ListingAsk {
  /** The `next` of the last page that was dealt with. */
  readonly from?: string
}

/**
 * The pages of a record type's listing. A failure is yielded like a page, and asking on after it asks for the same page again:
 * whether and when to do so is the caller's decision.
 */
export async function* listPages(
  client: PartnerClient,
  recordType: string,
  options: ListOptions = {}
): AsyncGenerator<Page | Failure, void, undefined> {
  const { partner } = client
  const type = partner.recordTypes[recordType]
  const listing = type?.list
  if (type === undefined || listing === undefined) throw new Error(`Partner '${partner.name}' cannot list '${recordType}'`)
  refuseUnknownFilters(recordType, listing, options)

  let position = options.from
  for (;;) {
    const page = await readPage(client, listing, type.key, options, position)
    yield page
    if (page.kind !== 'page') continue
    if (page.next === undefined) return
    position = page.next
  }
}

/** Parses one record of a page; throws where it is no JSON. */
export function readRecord(page: Pick<Page, 'text'>, range: RecordRange): unknown {
  return readJson(page.text.subarray(range.start, range.end))
}

async function readPage(
  client: PartnerClient,
  listing: Listing,
  key: string,
  ask: ListingAsk,
  position: string | undefined
): Promise<Page | Failure> {
  let split: ReturnType<typeof splitRecords> | undefined
  let envelope: unknown
  const readBody = (text: Uint8Array) => {
    try {
      split = splitRecords(text, listing.records, key)
      envelope = readEnvelope(text, split)
      return envelope
    } catch (error) {
      // A refusal has no array of records: let the partner's rules read it as a whole.
      if (error instanceof PageUnreadable) return readJson(text)
      throw error
    }
  }
  const followed = listing.followsLinks && position !== undefined
  const where = followed ? { link: position } : { query: listing.query(ask, position) }
  const outcome = await client.call(listing.call, where, readBody)
  if (outcome.kind !== 'ok') return outcome
  const { text, receivedAt, partnerDate } = outcome
  // Some partners say "no records" by an answer without a body; their rules have just called it a success.
  if (split === undefined && text.byteLength > 0) return { kind: 'unknown', reason: 'unreadable', status: outcome.status }
  const records = split?.records ?? []
  return {
    kind: 'page',
    text,
    records,
    envelope,
    total: listing.total?.(envelope),
    position,
    next: listing.next(envelope, position, records.length),
    receivedAt,
    ...(partnerDate === undefined ? {} : { partnerDate })
  }
}

function refuseUnknownFilters(recordType: string, listing: Listing, ask: ListingAsk): void {
  const asked = [...Object.keys(ask.filters ?? {}), ...(ask.since === undefined ? [] : ['since'])]
  for (const name of asked) {
    if (!listing.filters.includes(name)) throw new Error(`The listing of '${recordType}' cannot filter by '${name}'`)
  }
}
