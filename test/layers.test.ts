import { describe, expect, test } from 'vitest'
import { complaint, findCycle, importsOf, readImports } from './support/layers.ts'

const root = new URL('..', import.meta.url).pathname.replace(/\/$/, '')

describe('imports point one way', () => {
  test('every import is one that its part may make', () => {
    const complaints = readImports(root)
      .map(complaint)
      .filter((text) => text !== undefined)
    expect(complaints.join('\n')).toBe('')
  })

  test('no parts import each other in a circle', () => {
    expect(findCycle(readImports(root))?.join(' → ')).toBeUndefined()
  })
})

describe('the rules notice', () => {
  test.for([
    ['src/mapping/path.ts', 'src/ports.ts', 'mapping may import nothing of ours'],
    ['src/ledger/read-link.ts', 'src/fhir/search.ts', 'ledger may import mapping'],
    ['src/sync/pull.ts', 'src/adapters/clock.ts', 'Take the port as an argument'],
    ['src/fhir/store.ts', 'src/sync/decide.ts', 'fhir may import'],
    ['src/new-part/a.ts', 'src/ports.ts', 'not in the table'],
    ['mappings/spry/case.ts', 'mappings/clinic/note.ts', 'partners do not know each other'],
    ['mappings/spry/case.ts', 'express', 'a mapping uses'],
    ['mappings/spry/case.ts', 'src/mapping/bind.ts', undefined],
    ['mappings/spry/twin/server.ts', 'node:crypto', undefined],
    ['src/sync/pull.ts', 'src/ledger/link.ts', undefined],
    ['src/fhir/store.ts', 'src/database/tables.ts', undefined],
    ['src/cli/sync.ts', 'src/adapters/clock.ts', undefined]
  ] as const)('%s importing %s: %s', ([from, to, expected]) => {
    const found = complaint({ from, to })
    if (expected === undefined) expect(found).toBeUndefined()
    else expect(found).toContain(expected)
  })

  test('imports of every form', () => {
    const source = `import { a } from './a.ts'\nimport type { B,\n  C } from '../ports.ts'\nimport '#mapping'\nexport { d } from './d.ts'\nconst e = await import('zod')`
    const found = importsOf('src/sync/pull.ts', source).map((one) => one.to)
    expect(found).toEqual(['src/sync/a.ts', 'src/ports.ts', 'src/mapping/index.ts', 'src/sync/d.ts', 'zod'])
  })

  test('a circle', () => {
    const imports = [
      { from: 'src/fhir/a.ts', to: 'src/ledger/b.ts' },
      { from: 'src/ledger/b.ts', to: 'src/mapping/c.ts' },
      { from: 'src/ledger/d.ts', to: 'src/fhir/e.ts' }
    ]
    expect(findCycle(imports)).toEqual(['fhir', 'ledger', 'fhir'])
    expect(findCycle(imports.slice(0, 2))).toBeUndefined()
  })
})
