/** One run over a partner's listing: page by page, each page compared with one query and applied in one transaction. */
import { listPages, readRecord } from '#partner'
import type { Log } from '../log.ts'
import type { Ports } from '../ports.ts'
import type { Books, Run } from '../ledger/runs.ts'
import { confirmAbsence, settleAbsence } from './absence.ts'
import { applyRecords } from './apply.ts'
import { count, emptyBooks, requireBalance } from './books.ts'
import { boundEntity, recordTypeOf, type SyncConnection, writableOf } from './connection.ts'
import type { Incoming } from './gather.ts'
import { rawHashOf, recordHashOf } from './hash.ts'
import { applyNested } from './nested.ts'
import type { Store, Transaction } from './store.ts'
import { repeatOnCollision } from './repeat-on-collision.ts'
import { tellable } from './tellable.ts'
import { tryAgain } from './try-again.ts'
import type { EngineContext } from './engine-context.ts'
import { eachOnce, type WouldWrite, wouldWriteOf } from './would-write.ts'

export interface PullOptions {
  readonly full?: boolean
  readonly dryRun?: boolean
  readonly onProgress?: ((progress: { connection: string; entity: string; seen: number; total?: number }) => void) | undefined
}

export interface RunReport {
  readonly connection: string
  readonly entity: string
  readonly kind: Run['kind']
  readonly state: 'done' | 'failed' | 'skipped'
  readonly books: Books
  readonly error: string | null
  readonly wouldWrite: readonly WouldWrite[]
}

/** Times in the partner's listing may lag behind its commits, and its clock behind ours. */
const overlapMs = 5 * 60_000

/** So many records are compared and written in one transaction, however small the partner's pages are. */
const batchSize = 1000

/** A record of a listing, still unparsed. */
interface Listed {
  readonly key: string
  /** When the page was asked for: what was agreed since then is newer than what it says. */
  readonly askedAt: number
  readonly bytes: Uint8Array
  read(): unknown
}

/** Another process has taken over this run. */
class LeaseLost extends Error {
  override readonly name = 'LeaseLost'
}

/** Ends a dry run: its transaction must leave nothing. */
class DryRunOver extends Error {
  override readonly name = 'DryRunOver'
}

export async function pull(engine: EngineContext, connection: SyncConnection, entity: string, options: PullOptions = {}): Promise<RunReport[]> {
  const { store, ports } = engine
  const lease = `pull ${connection.name}/${entity}`
  const startedAt = ports.clock.now()
  // nothing is kept of a dry run, so it is in nobody's way
  if (options.dryRun) return new PullRun(engine, connection, entity, options, { name: lease, fence: 0 }, startedAt).go()
  const fence = await store.ledger.takeLease(lease, engine.holder, startedAt, startedAt + engine.leaseMs)
  if (fence === undefined) return [report(connection, entity, 'poll', 'skipped', emptyBooks(), 'another process is at it')]
  try {
    return await new PullRun(engine, connection, entity, options, { name: lease, fence }, startedAt).go()
  } finally {
    await store.ledger.dropLease(lease, fence)
  }
}

const report = (
  connection: SyncConnection, entity: string, kind: Run['kind'], state: RunReport['state'], books: Books, error: string | null, wouldWrite: readonly WouldWrite[] = []
): RunReport => ({ connection: connection.name, entity, kind, state, books, error, wouldWrite: eachOnce(wouldWrite) })

class PullRun {
  readonly #engine: EngineContext
  readonly #connection: SyncConnection
  readonly #entity: string
  readonly #options: PullOptions
  readonly #lease: { name: string; fence: number }
  readonly #startedAt: number
  readonly #runId: string
  #books = emptyBooks()
  #nested = new Map<string, Books>()
  readonly #wouldWrite: WouldWrite[] = []

  constructor(engine: EngineContext, connection: SyncConnection, entity: string, options: PullOptions, lease: { name: string; fence: number }, startedAt: number) {
    this.#engine = engine
    this.#connection = connection
    this.#entity = entity
    this.#options = options
    this.#lease = lease
    this.#startedAt = startedAt
    this.#runId = engine.ports.newId()
  }

  async go(): Promise<RunReport[]> {
    const { ledger } = this.#engine.store
    const { clock } = this.#engine.ports
    const name = this.#connection.name
    const cursor = await ledger.readCursor(name, this.#entity)
    const kind = this.#kindOf(cursor.watermark, cursor.sweptAt)
    const dryRun = this.#options.dryRun ?? false
    if (!dryRun) {
      await ledger.failStaleRuns(name, this.#entity, clock.now())
      await ledger.startRun({ id: this.#runId, connection: name, entity: this.#entity, kind, startedAt: this.#startedAt })
    }
    let error: string | null = null
    try {
      const complete = await this.#pages(kind, cursor.watermark)
      requireBalance(this.#books)
      if (!dryRun) error = await this.#finish(kind === 'sweep' && complete, cursor.sweptAt)
    } catch (failure) {
      error = tellable(failure)
      this.#engine.log.error('run failed', { connection: name, entity: this.#entity, runId: this.#runId, error: failure })
      if (!dryRun) await ledger.finishRun(this.#runId, 'failed', clock.now(), error)
      return [report(this.#connection, this.#entity, kind, 'failed', this.#books, error, this.#wouldWrite)]
    }
    const nested = [...this.#nested].map(([entity, books]) => report(this.#connection, entity, 'nested', 'done', books, null))
    return [report(this.#connection, this.#entity, kind, 'done', this.#books, error, this.#wouldWrite), ...nested]
  }

  /** Absence, cursor and the run's end, all by the process that still has the run. Returns why a person is asked, if one is. */
  async #finish(swept: boolean, sweptBefore: number | null): Promise<string | null> {
    const { store, ports } = this.#engine
    const name = this.#connection.name
    const gone = swept ? await confirmAbsence(this.#engine, this.#connection, this.#entity, this.#runId) : new Set<string>()
    return store.transaction(async (tx) => {
      await this.#holdLease(tx)
      const asked = swept ? await settleAbsence(tx, this.#connection, this.#entity, this.#runId, gone, ports.clock.now()) : null
      await tx.ledger.moveCursor(name, this.#entity, { watermark: this.#startedAt, sweptAt: swept ? this.#startedAt : sweptBefore })
      await tx.ledger.finishRun(this.#runId, 'done', ports.clock.now(), asked)
      return asked
    })
  }

  #kindOf(watermark: number | null, sweptAt: number | null): 'sweep' | 'poll' {
    const type = recordTypeOf(this.#connection, this.#entity)
    const canPoll = type?.list?.filters.includes('since') && type.trust !== 'none'
    const sweepDue = sweptAt === null || (type?.trust !== 'events' && this.#startedAt - sweptAt >= this.#connection.sweepEveryMs)
    return this.#options.full || !canPoll || watermark === null || sweepDue ? 'sweep' : 'poll'
  }

  /** Fetches the next page while this one is applied. True when the listing was seen whole. */
  async #pages(kind: 'sweep' | 'poll', watermark: number | null): Promise<boolean> {
    const type = recordTypeOf(this.#connection, this.#entity)
    const since = kind === 'poll' && watermark !== null ? type?.list?.timeLiteral?.(watermark - overlapMs) : undefined
    const pages = listPages(this.#connection.client, this.#entity, since === undefined ? {} : { since })
    const ask = async () => {
      const askedAt = this.#engine.ports.clock.now()
      const page = await tryAgain(this.#engine.ports, () => pages.next().then((step) => step.value ?? undefined))
      return page && { page, askedAt }
    }
    let coming = ask()
    let total: number | undefined
    let waiting: Listed[] = []
    for (;;) {
      const come = await coming
      if (come !== undefined) {
        const { page, askedAt } = come
        coming = ask()
        coming.catch(() => undefined)
        total = page.total ?? total
        for (const range of page.records) waiting.push({ key: range.key ?? '', askedAt, bytes: page.text.subarray(range.start, range.end), read: () => readRecord(page, range) })
      }
      if (waiting.length >= batchSize || come === undefined) {
        if (waiting.length > 0) await this.#batch(waiting, kind)
        waiting = []
        const progress = { connection: this.#connection.name, entity: this.#entity, seen: this.#books.seen }
        this.#options.onProgress?.(total === undefined ? progress : { ...progress, total })
      }
      if (come === undefined) break
    }
    return total === undefined || this.#books.seen >= total
  }

  async #batch(batch: readonly Listed[], kind: 'sweep' | 'poll'): Promise<void> {
    const raw = batch.map((one) => rawHashOf(one.bytes))
    await repeatOnCollision(async () => {
      const books = structuredClone(this.#books)
      const nested = structuredClone(this.#nested)
      const wouldWrite: WouldWrite[] = []
      await this.#engine.store
        .transaction(async (tx) => {
          if (!this.#options.dryRun) await this.#holdLease(tx)
          await this.#compare(tx, batch, raw, kind, books, nested, wouldWrite)
          if (this.#options.dryRun) throw new DryRunOver()
          await tx.ledger.keepBooks(this.#runId, books)
        })
        .catch((error: unknown) => {
          if (!(error instanceof DryRunOver)) throw error
        })
      this.#books = books
      this.#nested = nested
      this.#wouldWrite.push(...wouldWrite)
    })
  }

  async #holdLease(tx: Transaction): Promise<void> {
    const now = this.#engine.ports.clock.now()
    const fence = await tx.ledger.takeLease(this.#lease.name, this.#engine.holder, now, now + this.#engine.leaseMs)
    if (fence !== this.#lease.fence) throw new LeaseLost('another process took this run over while this one was asleep; nothing of this page was written')
  }

  async #compare(
    tx: Transaction, batch: readonly Listed[], raw: readonly Buffer[], kind: 'sweep' | 'poll', books: Books, nested: Map<string, Books>, wouldWrite: WouldWrite[]
  ): Promise<void> {
    const name = this.#connection.name
    const keys = batch.map((one) => one.key)
    books.seen += batch.length
    const known = await tx.ledger.unchangedByBytes(name, this.#entity, keys, raw)
    count(books, 'unchanged', undefined, known.size)
    const met: string[] = [...known.values()]
    const rest = batch.flatMap((_, index) => (known.has(index) ? [] : [index]))
    if (rest.length > 0) met.push(...(await this.#applyChanged(tx, batch, raw, keys, rest, books, nested, wouldWrite)))
    if (kind === 'sweep' && !this.#options.dryRun) await tx.ledger.noteSeen(this.#runId, met)
  }

  async #applyChanged(
    tx: Transaction, batch: readonly Listed[], raw: readonly Buffer[], keys: readonly string[], rest: readonly number[], books: Books, nested: Map<string, Books>, wouldWrite: WouldWrite[]
  ): Promise<string[]> {
    const { ports } = this.#engine
    const connection = this.#connection
    const bound = boundEntity(connection, this.#entity)
    const type = recordTypeOf(connection, this.#entity)
    const now = ports.clock.now()
    const { dryRun = false } = this.#options
    const found = await tx.ledger.linksByKey(connection.name, this.#entity, rest.map((index) => keys[index] as string))
    const links = await tx.ledger.lockLinks([...found.values()].map((link) => link.id))
    const inDoubt = type?.create ? await tx.ledger.createsInDoubt(connection.name, this.#entity, type.create.call) : []
    const inFlight = await tx.ledger.linksInFlight([...links.keys()])
    const agreedAt = await tx.ledger.observedAt([...links.values()].flatMap((link) => link.baseObservation ?? []))
    const lookAgain: string[] = []
    const met: string[] = []
    const remembered: { id: string; rawHash: Buffer }[] = []
    const back: string[] = []
    const changed = new Map<string, Incoming>()
    for (const index of rest) {
      let record: unknown
      try {
        record = batch[index]?.read()
      } catch {
        count(books, 'parked', 'unreadable')
        continue
      }
      const key = keys[index] as string
      const link = links.get(found.get(key)?.id ?? '')
      if (link) met.push(link.id)
      const recordHash = recordHashOf(record)
      if (link && link.state === 'active' && link.recordHash?.equals(recordHash)) {
        count(books, 'unchanged')
        remembered.push({ id: link.id, rawHash: raw[index] as Buffer })
        if (link.missing > 0) back.push(link.id)
      } else if (link && (link.leasedUntil > now || inFlight.has(link.id))) {
        count(books, 'skipped', 'in-work')
        lookAgain.push(link.id)
      } else if (link && (agreedAt.get(link.baseObservation ?? '') ?? 0) >= (batch[index]?.askedAt ?? 0)) {
        count(books, 'skipped', 'agreed-since')
        lookAgain.push(link.id)
      } else if (link?.state === 'fused') count(books, 'parked', 'fused')
      else if (changed.has(key)) count(books, 'skipped', 'listed-twice')
      else if (!link && inDoubt.some((one) => type?.create?.resembles?.(one.record, record))) count(books, 'skipped', 'may-be-ours')
      else {
        const changedAt = bound.changedAt(record)
        changed.set(key, { record, rawHash: raw[index] as Buffer, recordHash, link, changedAt })
      }
    }
    await tx.ledger.rememberBytes(remembered)
    await tx.ledger.countFound(back)
    if (type?.read) await tx.ledger.markDue(lookAgain)
    if (changed.size === 0) return met
    const context = { connection: connection.name, newId: ports.newId, now, runId: this.#runId, actor: 'engine', tells: dryRun, dryRun, ...(connection.rules ? { rules: connection.rules } : {}) }
    for (const [entity, results] of await applyNested(tx, connection, bound, context, [...changed.values()])) {
      const own = nested.get(entity) ?? emptyBooks()
      own.seen += results.length
      for (const { kind, reason } of results) count(own, kind, reason)
      nested.set(entity, own)
      if (this.#options.dryRun) wouldWrite.push(...results.filter(({ noted }) => noted).flatMap((one) => wouldWriteOf(connection.name, entity, one)))
    }
    const applied = await applyRecords(tx, { ...context, bound, writable: writableOf(connection, bound.entity), origin: 'listed' }, [...changed.values()])
    applied.forEach((one) => {
      count(books, one.kind, one.reason)
      if (one.linkId) met.push(one.linkId)
      if (this.#options.dryRun) wouldWrite.push(...wouldWriteOf(connection.name, this.#entity, one))
    })
    return met
  }
}
