import { expect, test } from 'vitest'
import { clock } from '../../src/adapters/clock.ts'
import { newId } from '../../src/adapters/new-id.ts'
import { DatabaseUnreachable, openDatabase } from '../../src/database/open-database.ts'
import { silentLog } from '../../src/log.ts'
import { emptyTestDatabase } from '../support/test-database.ts'

const { url } = await emptyTestDatabase()
const open = (address: string) => openDatabase({ url: address, dataFolder: '/nowhere', log: silentLog, clock, newId })

test('a database at a given address is brought up to date and leaves the data folder alone', async () => {
  const database = await open(url)
  const { rows } = await database.pool.query('SELECT count(*) AS migrations FROM migration')
  expect(rows[0].migrations).toBeGreaterThan(1)
  await database.close()
})

test.for([
  ['nobody listens', (address: URL) => Object.assign(address, { port: '1' })],
  ['the password is wrong', (address: URL) => Object.assign(address, { password: 'wrong' })],
  ['there is no such database', (address: URL) => Object.assign(address, { pathname: '/nothing' })]
] as const)('a database that cannot be opened because %s is named without its password', async ([, change]) => {
  const address = change(new URL(url)).href
  const error = await open(address).catch((reason: Error) => reason)
  // A server that trusts everybody lets a wrong password in.
  if (!(error instanceof Error)) return error.close()
  expect(error).toBeInstanceOf(DatabaseUnreachable)
  expect(error.message).toContain('DATABASE_URL')
  expect(error.message).not.toContain(new URL(address).password)
})
