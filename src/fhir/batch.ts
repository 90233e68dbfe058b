import type { Bundle, BundleEntry } from '@medplum/fhirtypes'
import { answer, noContent, ok } from './bundle/answers.ts'
import { entriesOf, readEntry } from './bundle/entries.ts'
import { getByUrl } from './get-by-url.ts'
import type { HubRepository } from './hub-repository.ts'
import { type BundleContext, runEntries } from './transaction.ts'
import { translateError } from './translate-error.ts'

/** Each entry on its own: one that fails says so in its place and the others go on. */
export async function runBatch(
  hub: HubRepository,
  bundle: Bundle,
  context: BundleContext,
  report: (error: unknown) => string
): Promise<Bundle> {
  const entry: BundleEntry[] = []
  for (const [index, one] of entriesOf(bundle).entries()) {
    try {
      entry.push(await runOne(hub, one, index, context))
    } catch (error) {
      const { status, outcome } = translateError(error, report)
      entry.push({ response: { status: String(status), outcome } })
    }
  }
  return { resourceType: 'Bundle', type: 'batch-response', entry }
}

async function runOne(hub: HubRepository, one: BundleEntry, index: number, context: BundleContext): Promise<BundleEntry> {
  const entry = readEntry(one, index, context.access)
  if (entry.method === 'GET') return answer(ok, await getByUrl(hub, entry.url, context), true)
  const [answered = noContent] = await hub.withTransaction((tx) => runEntries(tx, [{ ...entry, index: 0 }], context))
  return answered
}
