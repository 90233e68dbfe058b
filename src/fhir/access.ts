import { problem } from './problem.ts'

export type Interaction = 'create' | 'read' | 'update' | 'delete' | 'search'

/** What a client may do; checked for every interaction and every entry of a bundle. */
export interface Access {
  may(interaction: Interaction, resourceType: string): boolean
}

export const fullAccess: Access = { may: () => true }

export function requireAccess(access: Access, interaction: Interaction, resourceType: string): void {
  if (access.may(interaction, resourceType)) return
  // The type comes out of a URL: only one that may stand in a message is named.
  const type = /^[A-Za-z]{1,40}$/.test(resourceType) ? resourceType : 'that type'
  throw problem(403, 'forbidden', `Your scopes do not allow to ${interaction} ${type}`)
}
