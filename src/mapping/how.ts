/** A row in words, the same ones in documentation, lineage and impact. */
import type { LivingRow } from './row.ts'

/** What happens between the partner field and the element. */
export function howOf(row: LivingRow): string {
  switch (row.kind) {
    case 'value':
      return row.conversion?.name ?? 'as it is'
    case 'computed':
      return row.name
    case 'nested':
      return `reference to ${row.nested.entity.title.toLowerCase()}`
    case 'list':
      return `references to ${row.nested.entity.title.toLowerCase()}, in order`
  }
}

/** When the partner is told of a change of the element. */
export const writeWords = { always: 'always', 'on-create': 'on create', never: 'never' } as const
