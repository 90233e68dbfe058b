import type { AnyEntity } from '#mapping'
import { loadPartners, type PartnerModule } from '../partners.ts'
import { WrongUse } from './wrong-use.ts'

/** The entity that `<partner>/<entity>` names; an unknown name is answered with the known ones. */
export async function findEntity(name: string): Promise<{ readonly module: PartnerModule; readonly entity: AnyEntity }> {
  const modules = await loadPartners()
  const [partner, wanted, ...rest] = name.split('/')
  const module = modules.find((one) => one.name === partner)
  const entity = module?.entities.find((one) => one.name === wanted)
  if (module && entity && rest.length === 0) return { module, entity }
  const known = modules.flatMap((one) => one.entities.map((each) => `${one.name}/${each.name}`))
  throw new WrongUse(`There is no mapping for '${name}'. The mappings are ${known.join(', ')}.`)
}
