import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { ConfigError, readConfig } from '../src/config.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ligature-config-'))
  return () => rmSync(folder, { recursive: true, force: true })
})

const spry = {
  name: 'spry-main',
  partner: 'spry',
  baseUrl: 'https://api.example.com/v1',
  token: { env: 'SPRY_TOKEN' },
  serviceTimeZone: 'America/Denver'
}
const env = { SPRY_TOKEN: 'top-secret' }
const write = (content: unknown) => writeFileSync(join(folder, 'ligature.config.json'), JSON.stringify(content))
const read = (variables: Record<string, string> = env) => readConfig(variables, folder)
const problem = (variables?: Record<string, string>) =>
  read(variables).then(
    () => 'no problem',
    (error: Error) => `${error.name}: ${error.message}`
  )

describe('without a file', () => {
  test('the engine is a sandbox with an embedded database, on loopback', async () => {
    expect(await read({})).toEqual({
      dataFolder: join(folder, '.ligature'),
      databaseUrl: undefined,
      host: '127.0.0.1',
      port: 8080,
      logLevel: 'info',
      leaseMs: 60_000,
      deadlineMs: 25_000,
      settleMs: 120_000,
      connections: [],
      clients: []
    })
  })

  test('the environment says the rest', async () => {
    const variables = {
      LIGATURE_DATA: '/data',
      DATABASE_URL: 'postgres://db/x',
      PORT: '0',
      LIGATURE_HOST: '::',
      LIGATURE_LOG: 'warn',
      LIGATURE_LEASE: '2s',
      LIGATURE_DEADLINE: '0.8s',
      LIGATURE_SETTLE: '1s'
    }
    expect(await read(variables)).toMatchObject({
      dataFolder: '/data',
      databaseUrl: 'postgres://db/x',
      port: 0,
      host: '::',
      logLevel: 'warn',
      leaseMs: 2_000,
      deadlineMs: 800,
      settleMs: 1_000
    })
  })
})

describe('a connection', () => {
  test('has careful defaults', async () => {
    write({ connections: [spry] })
    const { connections } = await read()
    expect(connections[0]).toMatchObject({
      allowUpdate: false,
      webhookSecrets: [],
      schedule: '* * * * *',
      paused: false,
      sweepEveryMs: 3_600_000,
      absenceGuard: 0.2
    })
    expect(connections[0]?.token()).toBe('top-secret')
  })

  test('reads its secrets anew each time, so that a file can be replaced', async () => {
    writeFileSync(join(folder, 'token'), 'first\n')
    writeFileSync(join(folder, 'hook'), 'hook-secret')
    write({ connections: [{ ...spry, token: { file: 'token' }, webhookSecrets: [{ file: 'hook' }, { env: 'SPRY_TOKEN' }] }] })
    const [connection] = (await read()).connections
    expect(connection?.token()).toBe('first')
    writeFileSync(join(folder, 'token'), 'second\n')
    expect(connection?.token()).toBe('second')
    expect(connection?.webhookSecrets.map((secret) => secret())).toEqual(['hook-secret', 'top-secret'])
  })

  test('does not show its secrets when the configuration is printed', async () => {
    write({ connections: [spry] })
    expect(JSON.stringify(await read())).not.toContain('top-secret')
  })
})

test('a client is known by the hash of its secret or by a file', async () => {
  writeFileSync(join(folder, 'client'), 'client-secret')
  const hash = 'a'.repeat(64)
  const scopes = ['system/Condition.rs', 'system/*.cruds']
  write({
    clients: [
      { clientId: 'a', secretHash: `sha256:${hash}`, scopes },
      { clientId: 'b', secretFile: 'client', scopes }
    ]
  })
  const [a, b] = (await read()).clients
  expect(a?.secret).toEqual({ sha256: hash })
  expect(b && 'read' in b.secret && b.secret.read()).toBe('client-secret')
})

test('a TypeScript file is read by its default export, and the environment wins over it', async () => {
  writeFileSync(join(folder, 'ligature.config.ts'), 'const port: number = 9000\nexport default { port, host: "0.0.0.0" }')
  expect(await read({ PORT: '9001' })).toMatchObject({ port: 9001, host: '0.0.0.0' })
})

describe('a mistake is told with its place and its remedy', () => {
  test.for([
    [{ prot: 80 }, "ligature.config.json: there is no setting 'prot'"],
    [{ port: 'x' }, 'ligature.config.json: port: write a port number'],
    [{ connections: [{ ...spry, name: 'Spry Main' }] }, 'connections[0].name: use lower-case letters'],
    [{ connections: [spry, spry] }, 'connections: two connections have the same name'],
    [{ connections: [{ ...spry, token: 'abc' }] }, 'connections[0].token: name where the secret is kept'],
    [
      { connections: [{ ...spry, token: { env: 'NOT_SET' } }] },
      'connections[0].token: the environment variable NOT_SET is not set'
    ],
    [{ connections: [{ ...spry, webhookSecrets: [{ file: 'gone' }] }] }, 'gone cannot be read (ENOENT)'],
    [{ connections: [{ ...spry, serviceTimeZone: 'Denver' }] }, 'connections[0].serviceTimeZone: write a time zone'],
    [{ connections: [{ ...spry, schedule: 'hourly' }] }, 'connections[0].schedule: write a cron expression'],
    [{ connections: [{ ...spry, baseUrl: 'https://user:pw@host' }] }, 'connections[0].baseUrl: write an http or https address'],
    [{ connections: [{ ...spry, sweepEvery: '1 hour' }] }, 'connections[0].sweepEvery: write a length of time'],
    [{ connections: [{ ...spry, absenceGuard: 20 }] }, 'connections[0].absenceGuard'],
    [{ lease: '10s' }, 'deadline must be less than half of lease'],
    [{ clients: [{ clientId: 'a', scopes: ['system/Condition.rs'] }] }, 'clients[0]: give either secretHash or secretFile'],
    [{ clients: [{ clientId: 'a', secretHash: 'x', scopes: ['user/*.read'] }] }, 'clients[0].scopes[0]: write scopes such as'],
    [[], 'there is no configuration in it']
  ] as const)('%j: %s', async ([content, expected]) => {
    write(content)
    expect(await problem()).toContain(expected)
    expect(await problem()).toMatch(/^ConfigError: ligature\.config\.json/)
  })

  test('in the environment, by the name of the variable', async () => {
    expect(await problem({ PORT: 'http' })).toBe('ConfigError: PORT: write a port number')
    expect(await problem({ LIGATURE_LOG: 'loud' })).toContain('LIGATURE_LOG: use debug, info')
  })

  test('when the file is no JSON, or there are two files', async () => {
    writeFileSync(join(folder, 'ligature.config.json'), '{ port: 1 }')
    await expect(read()).rejects.toThrow(ConfigError)
    expect(await problem()).toContain('ligature.config.json cannot be read')
    writeFileSync(join(folder, 'ligature.config.ts'), 'export default {}')
    expect(await problem()).toContain('keep one')
  })
})
