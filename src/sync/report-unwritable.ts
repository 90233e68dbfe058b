import type { RequestIssue } from '#partner'
import type { ConflictCode } from '../ledger/conflicts.ts'
import { fenced, type Held } from './held-link.ts'
import type { Plan } from './reconcile.ts'
import { rowValue } from './row-value.ts'

const codes: Readonly<Record<RequestIssue['code'], ConflictCode>> = {
  required: 'invalid-content',
  'missing-reference': 'missing-reference',
  'unmapped-code': 'unmapped-code',
  'invalid-content': 'invalid-content'
}

/** Rows that should have gone to the partner and cannot: they wait as conflicts, all others flow on. */
export async function reportUnwritable(
  held: Held,
  plan: Plan,
  rows: readonly string[],
  issues: readonly RequestIssue[]
): Promise<void> {
  const { engine } = held
  const at = engine.ports.clock.now()
  const [first] = issues
  const message = issues.map((issue) => (issue.path ? `${issue.path}: ${issue.message}` : issue.message)).join('; ')
  await fenced(held, async (tx, link) => {
    for (const id of rows) {
      const piece = plan.pieces.find((one) => id.startsWith(`${one.place}.`))
      const row = piece?.part.rows.find((one) => `${piece.place}.${one.row.to}` === id)
      const hub = plan.hubValues.get(id)
      const partner = piece && row ? rowValue(row, piece.resource) : undefined
      const content = {
        from: row?.from.join(', ') ?? '',
        to: `${piece?.resource.resourceType ?? ''}.${row?.row.to ?? ''}`,
        message,
        base: partner,
        partner,
        hub
      }
      await tx.ledger.putConflict({
        id: engine.ports.newId(),
        linkId: link.id,
        row: id,
        code: codes[first?.code ?? 'invalid-content'],
        content,
        at
      })
    }
    await tx.ledger.writeLinks([{ ...link, due: false }])
  })
}
