/** Every entity that the folders under `mappings/` declare. */
import { loadPartners } from '../../src/partners.ts'

export const partners = await loadPartners()
export const entities = partners.flatMap((partner) => partner.entities)
