/** The committed pages of every partner say what its mappings say, and a mapping does not come to lose more unnoticed. */
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { docsOf } from '../../src/cli/docs.ts'
import { partners } from '../support/entities.ts'

const remedy = 'Run `npm run docs`, read the difference like code, and commit it.'

/** The lines that a committed list does not have yet. */
const newLines = (declared: string, committed: string): string[] => {
  const known = new Set(committed.split('\n'))
  return declared.split('\n').filter((line) => !known.has(line))
}

describe.each(partners.map((partner) => [partner.name, partner] as const))('%s', (_, partner) => {
  const { readme, losses } = docsOf(partner)
  const read = (file: string) => {
    const place = new URL(file, partner.folder)
    return existsSync(place) ? readFileSync(place, 'utf8') : ''
  }

  test('loses nothing that is not on record', () => {
    const more = newLines(losses, read('losses.txt'))
    expect(more, `The mappings lose more than mappings/${partner.name}/losses.txt says:\n${more.join('\n')}\n${remedy}`).toEqual(
      []
    )
    expect(read('losses.txt'), `mappings/${partner.name}/losses.txt names losses that are gone. ${remedy}`).toBe(losses)
  })

  test('its README is up to date', () => {
    expect(read('README.md'), `mappings/${partner.name}/README.md is out of date. ${remedy}`).toBe(readme)
  })
})

test('a further loss is named line by line', () => {
  expect(newLines('a\nb\nc\n', 'a\nc\n')).toEqual(['b'])
})
