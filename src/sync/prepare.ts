/** Makes the request for a record: what only the partner knows is looked up first, by reading. */
import type { AskPartner, RecordWrite, RequestOrIssues } from '#partner'
import type { Held } from './held-link.ts'

export interface Prepared {
  /** The record with what was looked up. */
  readonly record: Record<string, unknown>
  readonly request: RequestOrIssues
}

export async function prepare(
  { connection }: Held,
  write: RecordWrite<unknown>,
  record: Record<string, unknown>
): Promise<Prepared> {
  const ask: AskPartner = async (call, given) => {
    const answer = await connection.client.call(call, given)
    return answer.kind === 'ok' ? answer.data : undefined
  }
  const whole = ((await write.complete?.(record, ask)) ?? record) as Record<string, unknown>
  const known = (await write.known?.(ask)) ?? {}
  return { record: whole, request: write.request(whole, known) }
}
