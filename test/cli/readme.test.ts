import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { ligature } from './run-ligature.ts'

const read = (name: string) => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8')
const readme = read('README.md')
const blocks = [...readme.matchAll(/^```(\w+)\n([\s\S]*?)^```/gm)].map(([, language, text = '']) => ({ language, text }))

test('the first code block is a mapping as it stands', () => {
  const lines = (blocks[0]?.text ?? '').split('\n').filter((line) => line !== '' && !line.includes('// …'))
  expect(blocks[0]?.language).toBe('ts')
  const mapping = read('mappings/spry/case.ts').split('\n')
  expect(lines.filter((line) => !mapping.includes(line))).toEqual([])
})

describe.concurrent('every command is one that there is', { timeout: 60_000 }, () => {
  const commands = new Set([...readme.matchAll(/npx ligature ([a-z]+)/g)].map((match) => match[1] ?? ''))

  test.for([...commands])('ligature %s', async (name) => {
    const { code, stdout } = await ligature([name, '--help'])
    expect(code).toBe(0)
    const used = [...readme.matchAll(new RegExp(`npx ligature ${name} (.*)`, 'g'))].flatMap(
      ([, rest = '']) => rest.match(/--[a-z-]+/g) ?? []
    )
    const subcommands = [...readme.matchAll(new RegExp(`npx ligature ${name} ([a-z-]+) `, 'g'))].map((match) => match[1] ?? '')
    const help = [
      stdout,
      ...(await Promise.all(subcommands.map(async (one) => (await ligature([name, one, '--help'])).stdout)))
    ].join('\n')
    for (const option of used) expect(help).toContain(option)
  })

  test('and every npm script', () => {
    const scripts = Object.keys(JSON.parse(read('package.json')).scripts)
    for (const [, name] of readme.matchAll(/npm (?:run )?(start|test|check|bench|docs)\b/g)) expect(scripts).toContain(name)
  })
})
