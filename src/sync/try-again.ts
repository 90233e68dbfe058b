import type { Failure, Page } from '#partner'
import type { Ports } from '../ports.ts'

/** A listing cannot be read; the run fails and the next one begins where this one began. */
export class ListingUnavailable extends Error {
  override readonly name = 'ListingUnavailable'
}

const tries = 5

/** Asks for a page until it comes: reading again does no harm. Waits as long as the partner says, else longer every time. */
export async function tryAgain(
  { clock, random }: Ports,
  ask: () => Promise<Page | Failure | undefined>
): Promise<Page | undefined> {
  for (let attempt = 1; ; attempt++) {
    const answer = await ask()
    if (answer === undefined || answer.kind === 'page') return answer
    if (answer.kind === 'rejected') throw new ListingUnavailable(answer.issue.message)
    if (attempt === tries) throw new ListingUnavailable(`no page after ${tries} tries: ${answer.kind}`)
    await clock.sleep(answer.kind === 'throttled' ? answer.retryAfterMs : Math.round(2 ** attempt * 100 * (0.5 + random())))
  }
}
