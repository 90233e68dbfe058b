/** Finds the partners: every folder under `mappings/` that has a `partner.ts` is one, and every entity it exports is mapped. */
import { readdir } from 'node:fs/promises'
import type { AnyEntity } from '#mapping'

export interface PartnerModule {
  /** The folder's name, which is the partner's name in commands and identifiers. */
  readonly name: string
  readonly folder: URL
  readonly entities: readonly AnyEntity[]
}

const mappings = new URL('../mappings/', import.meta.url)

export async function loadPartners(root: URL = mappings): Promise<PartnerModule[]> {
  const folders = (await readdir(root, { withFileTypes: true })).filter((entry) => entry.isDirectory()).map((entry) => entry.name)
  return Promise.all(folders.sort().map((name) => loadPartner(name, new URL(`${name}/`, root))))
}

async function loadPartner(name: string, folder: URL): Promise<PartnerModule> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.ts') && !file.startsWith('twin'))
  const modules = await Promise.all(
    files.sort().map((file) => import(new URL(file, folder).href) as Promise<Record<string, unknown>>)
  )
  const entities = new Map<string, AnyEntity>()
  for (const value of modules.flatMap((module) => Object.values(module))) if (isEntity(value)) entities.set(value.name, value)
  return { name, folder, entities: [...entities.values()].sort((a, b) => a.name.localeCompare(b.name)) }
}

function isEntity(value: unknown): value is AnyEntity {
  return value !== null && typeof value === 'object' && 'anchor' in value && 'parts' in value && 'record' in value
}
