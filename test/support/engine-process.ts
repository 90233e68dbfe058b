/** A bare engine for the tests that kill one: opens the embedded database in the folder given and stays until it is ended. */
import { clock } from '../../src/adapters/clock.ts'
import { newId } from '../../src/adapters/new-id.ts'
import { openDatabase } from '../../src/database/open-database.ts'
import { silentLog } from '../../src/log.ts'

const dataFolder = process.argv[2] ?? ''
const what = process.argv[3]
try {
  const { pool, url, close } = await openDatabase({ dataFolder, log: silentLog, clock, newId })
  console.log(`open ${url}`)
  if (what === 'close') await close()
  else if (what === 'exit') process.exit(0)
  else setInterval(() => pool.query('SELECT 1').catch(() => {}), 50)
} catch (error) {
  console.log((error as Error).name)
  process.exitCode = 1
}
