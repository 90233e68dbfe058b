import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'

/** One import statement: who imports what, as paths from the repository's root (or a package's name). */
export interface Import {
  readonly from: string
  readonly to: string
}

/**
 * What each part may import of ours. A part is a folder under `src/`, a file directly in `src/`, or `mappings`; the table types
 * and the content codec are parts of their own, since the folders below the database use them.
 */
export const mayImport: Readonly<Record<string, readonly string[]>> = {
  ports: [],
  mapping: [],
  log: ['ports'],
  tables: [],
  'content-codec': [],
  mappings: ['mapping', 'partner', 'ports'],
  partner: ['mapping', 'ports', 'log'],
  ledger: ['mapping', 'ports', 'log', 'tables', 'content-codec'],
  fhir: ['mapping', 'ports', 'log', 'tables', 'content-codec'],
  adapters: ['ports'],
  database: ['ports', 'log', 'tables', 'content-codec'],
  config: ['ports', 'log'],
  partners: ['mapping', 'partner', 'ports', 'log'],
  jobs: ['ports', 'log', 'tables'],
  cron: ['ports', 'log', 'tables'],
  sync: ['mapping', 'partner', 'ledger', 'fhir', 'jobs', 'cron', 'ports', 'log', 'tables', 'content-codec'],
  http: ['sync', 'ledger', 'fhir', 'mapping', 'partner', 'jobs', 'config', 'ports', 'log', 'tables', 'content-codec'],
  console: [],
  // These two tie everything together.
  cli: ['*'],
  main: ['*']
}

/** The packages that a mapping may use: what is not here would make a folder under `mappings/` more than a declaration. */
export const mappingPackages = ['zod', '@medplum/fhirtypes']

/** Which part a file belongs to. */
export function partOf(file: string): string {
  const [top, second = ''] = file.split('/')
  if (top === 'mappings') return 'mappings'
  if (/^src\/[^/]+\/tables\.ts$/.test(file)) return 'tables'
  if (file === 'src/database/content-codec.ts') return 'content-codec'
  if (file === 'src/database/bind-verbs.ts') return 'tables'
  return second.replace(/\.ts$/, '')
}

/** All imports in `src/` and `mappings/`. */
export function readImports(root: string): Import[] {
  return ['src', 'mappings']
    .flatMap((top) => sourceFiles(root, top))
    .flatMap((file) => importsOf(file, readFileSync(join(root, file), 'utf8')))
}

const packageImports: Readonly<Record<string, string>> = {
  '#mapping': 'src/mapping/index.ts',
  '#partner': 'src/partner/index.ts'
}

export function importsOf(file: string, source: string): Import[] {
  const names = [
    ...source.matchAll(/^\s*(?:import|export)\b[^'"`;]*?\bfrom\s*'([^']+)'|^\s*import\s*'([^']+)'|\bimport\(\s*'([^']+)'/gm)
  ]
  return names.map((match) => {
    const name = match[1] ?? match[2] ?? match[3] ?? ''
    const to = name.startsWith('.') ? normalize(join(dirname(file), name)) : (packageImports[name] ?? name)
    return { from: file, to }
  })
}

/** What is wrong with one import, and what to do about it; `undefined` when it is fine. */
export function complaint({ from, to }: Import): string | undefined {
  const importer = partOf(from)
  const allowed = mayImport[importer]
  const where = `${from} imports ${to}`
  if (!allowed) return `${where}: ${importer} is not in the table of parts. Say what it may import in test/support/layers.ts.`
  if (!/^(src|mappings)\//.test(to)) return foreignComplaint(from, to)

  const imported = partOf(to)
  if (importer === 'mappings' && imported === 'mappings') {
    const [, folder] = from.split('/')
    if (to.startsWith(`mappings/${folder}/`)) return undefined
    return `${where}: partners do not know each other. Copy what is needed, or move what is general to src/mapping.`
  }
  if (importer === imported || allowed.includes('*') || allowed.includes(imported)) return undefined
  if (imported === 'adapters')
    return `${where}: only main.ts, the commands and tests have the real ports. Take the port as an argument (src/ports.ts).`
  const list = allowed.length > 0 ? allowed.join(', ') : 'nothing of ours'
  return `${where}: ${importer} may import ${list}. Take what is needed as an argument, or move it to a part below.`
}

function foreignComplaint(from: string, to: string): string | undefined {
  // A twin emulates a server; what it needs of Node is its own affair.
  const isDeclaration = from.startsWith('mappings/') && !/^mappings\/[^/]+\/twin/.test(from)
  if (!isDeclaration || mappingPackages.includes(to)) return undefined
  return `${from} imports ${to}: a mapping uses #mapping, #partner, ${mappingPackages.join(' and ')}. Put the rest into src/mapping or src/partner.`
}

/** A circle of parts that import each other, `['fhir', 'ledger', 'fhir']`; `undefined` when there is none. */
export function findCycle(imports: readonly Import[]): string[] | undefined {
  const edges = new Map<string, Set<string>>()
  for (const { from, to } of imports) {
    if (!/^(src|mappings)\//.test(to) || partOf(from) === partOf(to)) continue
    edges.set(partOf(from), (edges.get(partOf(from)) ?? new Set()).add(partOf(to)))
  }
  const done = new Set<string>()
  function visit(part: string, trail: readonly string[]): string[] | undefined {
    if (trail.includes(part)) return [...trail.slice(trail.indexOf(part)), part]
    if (done.has(part)) return undefined
    for (const next of edges.get(part) ?? []) {
      const cycle = visit(next, [...trail, part])
      if (cycle) return cycle
    }
    done.add(part)
    return undefined
  }
  for (const part of edges.keys()) {
    const cycle = visit(part, [])
    if (cycle) return cycle
  }
  return undefined
}

function sourceFiles(root: string, folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.ts$/.test(entry.name) && !/\.test(-d)?\.ts$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
}
