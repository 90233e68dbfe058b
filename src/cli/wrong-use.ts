/** The command was used wrongly or given something it cannot use: exit code 2. The message says where, what and the remedy. */
export class WrongUse extends Error {
  override readonly name = 'WrongUse'
}

/** An id of the ledger, or the message that it is none. */
export function requireUuid(id: string): string {
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)) return id
  throw new WrongUse(`'${id}' is no id of the ledger. Copy one from the list.`)
}
