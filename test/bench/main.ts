/** `npm run bench [name…]`: runs every file of this folder that exports `bench`; `--json` for machines. */
import { readdirSync } from 'node:fs'

/** One measured value. A ratio is against the floor of the same run, and the only figure that compares between machines. */
export interface Figure {
  readonly name: string
  readonly value: number
  readonly unit: string
  readonly ratio?: number
  readonly note?: string
}

const wanted = process.argv.slice(2).filter((one) => !one.startsWith('--'))
const json = process.argv.includes('--json')
const files = readdirSync(import.meta.dirname).filter((file) => file.endsWith('.ts') && file !== 'main.ts')
const results: Record<string, readonly Figure[]> = {}

for (const file of files.sort()) {
  const name = file.slice(0, -'.ts'.length)
  if (wanted.length > 0 && !wanted.includes(name)) continue
  const { bench } = (await import(new URL(file, import.meta.url).href)) as {
    bench?: () => readonly Figure[] | Promise<readonly Figure[]>
  }
  if (!bench) continue
  results[name] = await bench()
  if (!json) print(name, results[name])
}
if (json) console.log(JSON.stringify(results, null, 2))

function print(title: string, figures: readonly Figure[]): void {
  const rows = figures.map(({ name, value, unit, ratio, note }) => [
    name,
    Math.round(value).toLocaleString('en'),
    unit,
    ratio?.toFixed(2) ?? '',
    note ?? ''
  ])
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => (row[column] as string).length)))
  console.log(`\n${title}`)
  for (const [name = '', value = '', unit = '', ratio = '', note = ''] of rows) {
    const [a = 0, b = 0, c = 0, d = 0] = widths
    console.log(`  ${name.padEnd(a)}  ${value.padStart(b)} ${unit.padEnd(c)}  ${ratio.padStart(d)}  ${note}`.trimEnd())
  }
}
