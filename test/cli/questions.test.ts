import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ligature, tempFolder } from './run-ligature.ts'

const folder = tempFolder()

describe.concurrent('ligature partners', { timeout: 60_000 }, () => {
  test('says of every call what it does and where it comes from', async () => {
    const { code, stdout } = await ligature(['partners', '--json'])
    expect(code).toBe(0)
    const [spry] = JSON.parse(stdout)
    expect(spry).toMatchObject({ name: 'spry', connections: [{ name: 'spry', kind: 'twin', grants: ['allowUpdate'] }] })
    expect(spry.calls).toContainEqual(
      expect.objectContaining({ name: 'createCase', effect: 'blind', source: { kind: 'documented', where: expect.any(String) } })
    )
    expect(spry.calls).toContainEqual(
      expect.objectContaining({
        name: 'updateCase',
        grant: 'allowUpdate',
        source: { kind: 'assumed', assumption: 'update-case' }
      })
    )
    expect(spry.assumptions).toContainEqual(expect.objectContaining({ name: 'update-case', ask: expect.stringContaining('?') }))
    expect(spry.recordTypes).toContainEqual(expect.objectContaining({ name: 'case', cursorTrust: 'coarse-time' }))
  })

  test('tells people the same', async () => {
    const { stdout } = await ligature(['partners'])
    for (const said of ['Spry (spry)', 'assumed: update-case', 'coarse-time', 'to ask:', 'grants allowUpdate'])
      expect(stdout).toContain(said)
  })

  test('shows the grants of configured connections', async () => {
    const connection = {
      name: 'east',
      partner: 'spry',
      baseUrl: 'https://spry.example',
      token: { env: 'EAST_TOKEN' },
      serviceTimeZone: 'America/Denver'
    }
    writeFileSync(join(folder, 'ligature.config.json'), JSON.stringify({ connections: [connection] }))
    const { stdout } = await ligature(['partners', '--json'], { folder, env: { EAST_TOKEN: 'x' } })
    expect(JSON.parse(stdout)[0].connections).toEqual([{ name: 'east', kind: 'account', grants: [], paused: false }])
    const { code, stderr } = await ligature(['partners'], { folder })
    expect(code).toBe(2)
    expect(stderr).toContain('EAST_TOKEN')
  })
})

describe.concurrent('ligature impact', { timeout: 60_000 }, () => {
  test('names the elements that depend on a field', async () => {
    const { code, stdout } = await ligature(['impact', 'spry/case', 'case_title', '--json'])
    expect(code).toBe(0)
    expect(JSON.parse(stdout).elements).toContainEqual(
      expect.objectContaining({ element: 'Condition.code.text', row: 'problem.code.text' })
    )
  })

  test('points on to the mapping of what is nested', async () => {
    expect((await ligature(['impact', 'spry/case', 'icd_codes'])).stdout).toContain('ligature impact spry/icd-code')
  })

  test('an unknown field is answered with the known ones', async () => {
    const { code, stderr } = await ligature(['impact', 'spry/case', 'title'])
    expect(code).toBe(2)
    expect(stderr).toMatch(/no field 'title'.*case_title/)
  })
})

test('ligature docs writes a page for every mapping', async () => {
  const { code } = await ligature(['docs', 'pages'], { folder })
  expect(code).toBe(0)
  expect(readdirSync(join(folder, 'pages'), { recursive: true }).join(' ')).toContain(join('spry', 'README.md'))
})

describe.concurrent('the command line', { timeout: 60_000 }, () => {
  test('lists its commands', async () => {
    const { code, stdout } = await ligature(['--help'])
    expect(code).toBe(0)
    for (const name of [
      'start',
      'sync',
      'map',
      'explain',
      'impact',
      'ledger',
      'conflicts',
      'parked',
      'partners',
      'docs',
      'doctor'
    ])
      expect(stdout).toMatch(new RegExp(`^ {2}${name}\\b`, 'm'))
  })

  test('refuses what it does not know with code 2', async () => {
    expect(await ligature(['snyc'])).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining("unknown command 'snyc'")
    })
    expect((await ligature(['conflicts', 'show', '7'])).stderr).toContain('no id of the ledger')
    expect((await ligature(['start', '--port', 'high'])).stderr).toContain('write a port number')
  })
})
