import type { Kysely } from 'kysely'
import type { Database } from './database/tables.ts'

/**
 * The job queue. A job only says "look at this link": it carries the link's id and nothing else, so a lost or doubled job does no
 * harm. A link is queued at most once and worked at most once at a time; sent while it is being worked, it is worked again after.
 */
export interface Jobs {
  /** Queues the link in the caller's transaction: no job when that rolls back, and none is worked before it commits. */
  send(tx: Kysely<Database>, linkId: string): Promise<void>
  /** Begins to work the queue. */
  work(handler: JobHandler): Promise<void>
  /** Takes no more jobs, aborts the handlers' signal and waits for them. What they have not done is worked by another process. */
  stop(): Promise<void>
}

/** Works some links and tells of each how it went. Links that failed or are left out of the answer are tried again later. */
export type JobHandler = (linkIds: readonly string[], signal: AbortSignal) => Promise<ReadonlyMap<string, 'done' | Error>>

/** How often, and after how many seconds at first, a failed link is tried again; a sweep finds what is still undone after that. */
export const retries = { limit: 5, delaySeconds: 1, delayMaxSeconds: 60 } as const
