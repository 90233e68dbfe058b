/** Which rows of a write the partner cannot be told, so that the others still can. Pure. */
import { type BoundEntity, type BoundRow, toFhir } from '#mapping'
import type { RequestIssue, RequestOrIssues } from '#partner'
import type { Plan, Target } from './reconcile.ts'
import { type ListItem, rowValue } from './row-value.ts'

export interface Refused {
  readonly rows: readonly string[]
  readonly issues: readonly RequestIssue[]
}

/** Told by the issues of mapping and request, and by lists in which two items are one record at the partner. */
export function refusedRows(bound: BoundEntity, plan: Plan, target: Target, record: unknown, request: RequestOrIssues): Refused {
  const made = new Map(toFhir(bound, record).pieces.map((piece) => [piece.place, piece.resource]))
  const told = target.rows.flatMap((id) => {
    const piece = plan.pieces.find(({ place }) => id.startsWith(`${place}.`))
    const row = piece?.part.rows.find((one) => `${piece.place}.${one.row.to}` === id)
    return piece && row ? [{ id, place: piece.place, row }] : []
  })
  const issues: RequestIssue[] = []
  const rows = new Set<string>()
  const refuse = (issue: RequestIssue, ids: readonly string[]) => {
    if (ids.length === 0) return
    issues.push(issue)
    for (const id of ids) rows.add(id)
  }
  for (const { from, code, message } of target.issues) {
    const known = code === 'missing-reference' || code === 'unmapped-code' ? code : 'invalid-content'
    refuse(
      { path: from, code: known, message },
      told.filter(({ row }) => row.from.join(', ') === from).map(({ id }) => id)
    )
  }
  for (const { id, place, row } of told) {
    const wanted = plan.hubValues.get(id)
    const kept = rowValue(row, made.get(place)) as readonly ListItem[] | undefined
    if (row.row.kind !== 'list' || !Array.isArray(wanted) || wanted.length <= (kept?.length ?? 0)) continue
    refuse(
      {
        path: row.from.join(', '),
        code: 'invalid-content',
        message: 'the partner has no second item of the same kind in a list'
      },
      [id]
    )
  }
  for (const issue of request.kind === 'issues' ? request.issues : []) {
    const named = told.filter(({ row, place }) => mentions(row, place, issue.path)).map(({ id }) => id)
    refuse(issue, named.length > 0 ? named : target.rows)
  }
  const nothingNamed = request.kind === 'issues' && rows.size === 0
  return { rows: nothingNamed ? target.rows : [...rows], issues }
}

/** Whether an issue's path, as `icd_codes[0].id`, is about a row of the record itself. */
function mentions(row: BoundRow, place: string, path: string): boolean {
  const field = path.split(/[.[]/)[0] ?? ''
  return !place.includes('[') && row.from.some((name) => name === field)
}
