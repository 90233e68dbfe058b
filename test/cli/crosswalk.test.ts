import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ligature, tempFolder } from './run-ligature.ts'

const folder = tempFolder()
const file = (name: string, lines: readonly string[]) => {
  writeFileSync(join(folder, name), lines.join('\n'))
  return name
}
const refused = (name: string, lines: readonly string[], ...more: string[]) =>
  ligature(['crosswalk', 'import', file(name, lines), ...more], { folder })

describe.concurrent('a crosswalk file that cannot be read', () => {
  test.each([
    ['no-header.csv', ['1,Patient/x'], ['line 1', 'partner_id, reference is missing', 'Nothing was linked']],
    ['other-column.csv', ['partner_id,hub,name', '1,Patient/x,Ann'], ['line 1', "no column 'name'"]],
    ['no-connection.csv', ['partner_id,hub', '1,Patient/x'], ['--connection NAME']],
    ['quote.csv', ['partner_id,hub', '1,Patient/x', '"2,Patient/y'], ['line 3', 'quote']]
  ])('is refused with the line and the remedy: %s', async (name, lines, says) => {
    const ran = await refused(name, lines)
    expect(ran.code).toBe(2)
    for (const words of says) expect(ran.stderr).toContain(words)
  })
})
