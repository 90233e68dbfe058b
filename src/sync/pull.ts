/** One run over a partner's listing: page by page, each page compared with one query and applied in one transaction. */
import { listPages, readRecord } from '#partner'
import type { Books, Run } from '../ledger/runs.ts'
import { confirmAbsence, settleAbsence } from './absence.ts'
import { added, emptyBooks, requireBalance } from './books.ts'
import { type Compared, type Comparison, compareBatch, type Listed } from './compare-batch.ts'
import { recordTypeOf, type SyncConnection } from './connection.ts'
import type { EngineContext } from './engine-context.ts'
import { repeatOnCollision } from './repeat-on-collision.ts'
import type { Transaction } from './store.ts'
import { tellable } from './tellable.ts'
import { tryAgain } from './try-again.ts'
import { eachOnce, type WouldWrite } from './would-write.ts'

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

/** Another process has taken over this run. */
class LeaseLost extends Error {
  override readonly name = 'LeaseLost'
}

/** Ends a dry run: its transaction must leave nothing. */
class DryRunOver extends Error {
  override readonly name = 'DryRunOver'
}

export async function pull(
  engine: EngineContext,
  connection: SyncConnection,
  entity: string,
  options: PullOptions = {}
): Promise<RunReport[]> {
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
  connection: SyncConnection,
  entity: string,
  kind: Run['kind'],
  state: RunReport['state'],
  books: Books,
  error: string | null,
  wouldWrite: readonly WouldWrite[] = []
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

  constructor(
    engine: EngineContext,
    connection: SyncConnection,
    entity: string,
    options: PullOptions,
    lease: { name: string; fence: number },
    startedAt: number
  ) {
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
      await tx.ledger.moveCursor(name, this.#entity, {
        watermark: this.#startedAt,
        sweptAt: swept ? this.#startedAt : sweptBefore
      })
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
        for (const range of page.records)
          waiting.push({
            key: range.key ?? '',
            askedAt,
            bytes: page.text.subarray(range.start, range.end),
            read: () => readRecord(page, range)
          })
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
    await repeatOnCollision(async () => {
      let compared: Compared | undefined
      await this.#engine.store
        .transaction(async (tx) => {
          if (!this.#options.dryRun) await this.#holdLease(tx)
          compared = await compareBatch(this.#comparison(tx), batch)
          if (this.#options.dryRun) throw new DryRunOver()
          if (kind === 'sweep') await tx.ledger.noteSeen(this.#runId, compared.met)
          await tx.ledger.keepBooks(this.#runId, added(this.#books, compared.books))
        })
        .catch((error: unknown) => {
          if (!(error instanceof DryRunOver)) throw error
        })
      if (compared) this.#take(compared)
    })
  }

  #comparison(tx: Transaction): Comparison {
    const { ports } = this.#engine
    const connection = this.#connection
    const dryRun = this.#options.dryRun ?? false
    const rules = connection.rules ? { rules: connection.rules } : {}
    const context = {
      connection: connection.name,
      newId: ports.newId,
      now: ports.clock.now(),
      runId: this.#runId,
      actor: 'engine',
      tells: dryRun,
      dryRun,
      ...rules
    }
    return { tx, connection, entity: this.#entity, context }
  }

  #take({ books, nested, wouldWrite }: Compared): void {
    this.#books = added(this.#books, books)
    for (const [entity, own] of nested) this.#nested.set(entity, added(this.#nested.get(entity) ?? emptyBooks(), own))
    this.#wouldWrite.push(...wouldWrite)
  }

  async #holdLease(tx: Transaction): Promise<void> {
    const now = this.#engine.ports.clock.now()
    const fence = await tx.ledger.takeLease(this.#lease.name, this.#engine.holder, now, now + this.#engine.leaseMs)
    if (fence !== this.#lease.fence)
      throw new LeaseLost('another process took this run over while this one was asleep; nothing of this page was written')
  }
}
