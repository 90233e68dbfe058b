/** The pages that are generated from mappings: for each partner a README of all its entities, and the list of what they lose. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { documentOf, lossesOf } from '#mapping'
import type { PartnerModule } from '../partners.ts'

export interface Docs {
  /** `README.md` */
  readonly readme: string
  /** `losses.txt`, a line for each loss. */
  readonly losses: string
}

export function docsOf({ name, entities }: PartnerModule): Docs {
  const intro = `Generated from the mappings in this folder by \`npm run docs\`; a test fails while it is out of date.`
  const contents = entities.map(({ title }) => `- [${title}](#${title.toLowerCase().replaceAll(' ', '-')})`).join('\n')
  const pages = entities.map((entity) => documentOf(entity))
  return {
    readme: `${[`# ${name}`, intro, contents, ...pages].join('\n\n')}\n`,
    losses: `${entities.flatMap((entity) => lossesOf(entity)).join('\n')}\n`
  }
}

/** Writes `README.md` and `losses.txt` into the folder of each partner; `folder` is the one that holds these, `mappings`. */
export async function writeDocs(partners: readonly PartnerModule[], folder: string): Promise<void> {
  for (const partner of partners) {
    const { readme, losses } = docsOf(partner)
    const place = join(folder, partner.name)
    await mkdir(place, { recursive: true })
    await writeFile(join(place, 'README.md'), readme)
    await writeFile(join(place, 'losses.txt'), losses)
  }
}
