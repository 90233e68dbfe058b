/** The sandbox as a newcomer meets it: one command, and what its banner offers to copy. */
import { type ChildProcess, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { ended, ligature, startLigature, tempFolder } from './run-ligature.ts'

const folder = tempFolder()
const env = { LIGATURE_DATA: join(folder, 'data') }
let engine: ChildProcess
let banner = ''

async function start(): Promise<void> {
  banner = ''
  engine = startLigature(['start', '--port', '0'], { folder, env })
  engine.stdout?.on('data', (chunk) => {
    banner += chunk
  })
  await vi.waitFor(() => expect(banner).toContain('Ctrl-C stops it.'), { timeout: 60_000, interval: 50 })
}

async function stop(signal: NodeJS.Signals): Promise<number | null> {
  engine.kill(signal)
  return ended(engine)
}

beforeAll(start, 70_000)
afterAll(async () => {
  if (engine.exitCode === null && engine.signalCode === null) await stop('SIGTERM')
})

const command = (number: number): string => [...banner.matchAll(/^ +(curl .+)$/gm)][number]?.[1] ?? ''
const hasCurl = spawnSync('curl', ['--version']).status === 0
const standIn = `curl() { '${process.execPath}' '${join(import.meta.dirname, 'curl-stand-in.ts')}' "$@"; };`
const run = (line: string): string => spawnSync('sh', ['-c', hasCurl ? line : `${standIn} ${line}`], { encoding: 'utf8' }).stdout
const twin = () => /http:\/\/127\.0\.0\.1:\d+\/twin/.exec(banner)?.[0] ?? ''
const resource = () => /Condition\/[0-9a-f-]{36}/.exec(command(2))?.[0] ?? ''
const cli = (...args: string[]) => ligature(args, { folder, env })

/** Both sides change the same text before the engine has looked at either. */
async function makeConflict(atSpry: string, inFhir: string): Promise<string> {
  await fetch(`${twin()}/faults`, { method: 'POST', body: JSON.stringify([{ kind: 'delay', call: 'getCase', ms: 1500 }]) })
  run(command(1).replace(/"body_pain_notes":"[^"]*"/, `"body_pain_notes":"${atSpry}"`))
  run(command(2).replace(/"value":"[^"]*"/, `"value":"${inFhir}"`))
  return vi.waitFor(
    async () => {
      const { code, stdout } = await cli('conflicts', 'list', '--json')
      expect(code).toBe(1)
      return (JSON.parse(stdout) as { id: string }[])[0]?.id ?? ''
    },
    { timeout: 15_000, interval: 200 }
  )
}

describe('the sandbox', { timeout: 60_000 }, () => {
  test('says what runs where, and is in step', () => {
    expect(banner).toMatch(/\*sandbox\*/)
    for (const name of ['FHIR endpoint', 'Spry (twin)', 'database', 'data folder']) expect(banner).toContain(name)
    expect(banner).toMatch(/spry +case +sweep +201 +201 .*done/)
    expect(banner).toMatch(/^in step$/m)
  })

  test('the commands that it prints do what it says', async () => {
    expect(JSON.parse(run(command(0)))).toMatchObject({ resourceType: 'EpisodeOfCare' })
    run(command(1))
    await vi.waitFor(() => expect(run(command(3))).toContain('Changed at Spry'), { timeout: 10_000, interval: 100 })
    run(command(2))
    await vi.waitFor(() => expect(run(command(4))).toContain('Changed in FHIR'), { timeout: 10_000, interval: 100 })
  }, 30_000)

  test('then a further round has nothing to write', async () => {
    const { code, stdout } = await cli('sync', '--full', '--json')
    expect(code).toBe(0)
    const { runs } = JSON.parse(stdout)
    expect(runs).toContainEqual(expect.objectContaining({ entity: 'case', kind: 'sweep', state: 'done' }))
    for (const { books } of runs) expect(books).toMatchObject({ applied: 0, merged: 0, conflicted: 0, parked: 0, skipped: 0 })
  })

  test('explain names field, row, observation and mapping version, and no value', async () => {
    const { code, stdout } = await cli('explain', `${resource()}#note`, '--json')
    expect(code).toBe(0)
    const explained = JSON.parse(stdout)
    expect(explained).toMatchObject({
      link: { connection: 'spry', entity: 'case' },
      observation: { mappingVersion: expect.stringMatching(/^[0-9a-f]{12}$/) }
    })
    expect(stdout).toContain('body_pain_notes')
    expect(stdout).not.toContain('Changed in FHIR')
  })

  test('the ledger finds a link by its id, its resource and its key at the partner', async () => {
    const [byResource] = JSON.parse((await cli('ledger', resource(), '--json')).stdout)
    expect(byResource).toMatchObject({ link: { state: 'active' }, intents: [{ call: 'updateCase', state: 'verified' }] })
    const { id, partnerKey } = byResource.link
    expect(JSON.parse((await cli('ledger', id, '--json')).stdout)).toEqual([byResource])
    expect(JSON.parse((await cli('ledger', partnerKey, '--json')).stdout)).toEqual([byResource])
    expect((await cli('ledger', 'nobody')).code).toBe(2)
    expect(JSON.parse((await cli('ledger', '--json')).stdout).links).toContainEqual(
      expect.objectContaining({ entity: 'case', state: 'active', links: 201 })
    )
  })

  test('a conflict is listed without values and resolved either way', async () => {
    const first = await makeConflict('Spry is right', 'FHIR is right')
    const shown = await cli('conflicts', 'show', first)
    expect(shown.stdout).toContain('body_pain_notes ⇄ Condition.note[0].text')
    expect(shown.stdout).not.toContain('is right')
    expect((await cli('conflicts', 'show', first, '--show-values')).stdout).toContain('"Spry is right"')
    expect((await cli('sync')).code).toBe(1)
    expect((await cli('conflicts', 'resolve', first)).code).toBe(2)
    expect(await cli('conflicts', 'resolve', first, '--take', 'partner')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('Resolved')
    })
    expect(run(command(3))).toContain('Spry is right')
    expect(await cli('conflicts', 'resolve', first, '--take', 'partner')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('before')
    })

    const second = await makeConflict('Spry again', 'FHIR again')
    expect((await cli('conflicts', 'resolve', second, '--value', 'Both')).stderr).toContain('--value is not JSON')
    expect((await cli('conflicts', 'resolve', second, '--value', '"Both were right"')).code).toBe(0)
    expect(run(command(3))).toContain('Both were right')
    expect(run(command(4))).toContain('Both were right')
    expect(await cli('conflicts')).toMatchObject({ code: 0, stdout: 'No conflict is open.\n' })
  }, 60_000)

  test('a crosswalk from a file puts the id on the patient that the EHR has, and unlink takes it back', async () => {
    const endpoint = `${/http:\/\/127\.0\.0\.1:\d+\/fhir\/R4/.exec(banner)?.[0]}/Patient`
    const body = JSON.stringify({
      resourceType: 'Patient',
      name: [{ family: 'Known' }],
      identifier: [{ system: 'urn:mrn', value: '7' }]
    })
    const known = await fetch(endpoint, { method: 'POST', body, headers: { 'content-type': 'application/fhir+json' } })
    const { id } = (await known.json()) as { id: string }
    const [stub] = JSON.parse((await cli('crosswalk', 'list', '--json')).stdout)
    expect(stub).toMatchObject({ connection: 'spry', isStub: true })
    const row = (partnerId: string, reference: string) => `spry,patient,${partnerId},"${reference}"`
    const csv = ['connection,kind,partner_id,reference', row(stub.partnerId, 'urn:mrn|7'), row('1', 'urn:mrn|8')].join('\r\n')
    const imported = await ligature(['crosswalk', 'import', '-', '--json'], { folder, env, input: csv })
    expect(imported.stderr).toBe('')
    expect(JSON.parse(imported.stdout)).toMatchObject({
      linked: 1,
      alreadyLinked: 0,
      failed: [{ line: 3, outcome: 'no-such-resource' }]
    })
    expect(imported.code).toBe(1)
    const listed = JSON.parse((await cli('crosswalk', 'list', 'spry', '--json')).stdout)
    expect(listed).toContainEqual(
      expect.objectContaining({ partnerId: stub.partnerId, reference: `Patient/${id}`, origin: 'person' })
    )
    expect((await cli('crosswalk', 'link', 'spry', 'patient', stub.partnerId, `Patient/${id}`)).stdout).toContain('already')
    expect((await cli('crosswalk', 'unlink', 'spry', 'patient', stub.partnerId)).code).toBe(0)
    expect((await cli('crosswalk', 'link', 'spry', 'doctor', '1', `Patient/${id}`)).code).toBe(2)
    const headless = await ligature(['crosswalk', 'import', '-'], { folder, env, input: 'spry,patient,1,Patient/2' })
    expect(headless).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('line 1: the column partner_id, reference is missing')
    })
  }, 30_000)

  test('doctor finds nothing wrong', async () => {
    const { code, stdout } = await cli('doctor', '--json')
    expect(JSON.parse(stdout).filter(({ state }: { state: string }) => state !== 'ok')).toEqual([])
    expect(code).toBe(0)
  })

  test('a second engine on the same folder, and one on the same port, are refused with a remedy', async () => {
    const same = await ligature(['start', '--port', '0'], { folder, env })
    expect(same).toMatchObject({ code: 2, stderr: expect.stringContaining('LIGATURE_DATA') })
    const port = /127\.0\.0\.1:(\d+)\/fhir/.exec(banner)?.[1] ?? ''
    const taken = await ligature(['start', '--port', port], { folder, env: { LIGATURE_DATA: join(folder, 'other') } })
    expect(taken).toMatchObject({ code: 2, stderr: expect.stringMatching(/is taken.*--port/) })
  })

  test('stops cleanly, answers questions while stopped, and is in step again at once', async () => {
    const [episode, edited] = [command(0), resource()]
    const begun = performance.now()
    expect(await stop('SIGINT')).toBe(0)
    expect(performance.now() - begun).toBeLessThan(5_000)
    expect((await cli('ledger', edited)).code).toBe(0)
    expect((await cli('sync', '--full')).code).toBe(0)
    await start()
    expect(command(4)).not.toBe('')
    expect(run(command(4))).toContain('Both were right')
    const port = /127\.0\.0\.1:(\d+)\/fhir/.exec(banner)?.[1] ?? ''
    expect(run(episode.replace(/127\.0\.0\.1:\d+/, `127.0.0.1:${port}`))).toContain('EpisodeOfCare')
    expect(await stop('SIGTERM')).toBe(0)
  }, 60_000)
})
