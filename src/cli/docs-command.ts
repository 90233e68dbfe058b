import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { loadPartners } from '../partners.ts'
import type { Cli } from './cli.ts'
import { writeDocs } from './docs.ts'

const mappings = fileURLToPath(new URL('../../mappings', import.meta.url))

/** `ligature docs`: writes a page for every mapping. */
export function addDocsCommand(program: Command, cli: Cli): void {
  program
    .command('docs')
    .description('write a page for every mapping: its rows, code tables, what stays at the partner, and what it loses')
    .argument('[folder]', 'where the pages go, in a folder for each partner', mappings)
    .action(async (folder: string) => {
      await writeDocs(await loadPartners(), resolve(cli.folder, folder))
      cli.tell(`The pages are in ${folder}.`)
    })
}
