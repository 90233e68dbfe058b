import type { Command } from 'commander'
import { realPorts } from '../adapters/real-ports.ts'
import { type Config, readConfig } from '../config.ts'
import { makeFolder } from '../database/make-folder.ts'
import { openDatabase } from '../database/open-database.ts'
import { HubRepository } from '../fhir/hub-repository.ts'
import { createApp } from '../http/app.ts'
import { createLog } from '../log.ts'
import type { Ports } from '../ports.ts'
import { inStepBanner, startBanner } from './banner.ts'
import type { Cli } from './cli.ts'
import { fhirAccess } from './fhir-access.ts'
import { type HttpServer, openHttpServer, ownUrlOf } from './http-server.ts'
import { openEngine } from './open-engine.ts'
import { showProgress } from './progress.ts'
import { firstStopSignal } from './stop-signals.ts'
import { webhookRouter } from './webhook-router.ts'
import { WrongUse } from './wrong-use.ts'

/** `ligature start`: everything on one port, until it is told to stop. */
export function addStartCommand(program: Command, cli: Cli): void {
  program
    .command('start')
    .description(
      'run the engine: sync on schedule, FHIR endpoint and webhooks on one port; without configured connections a sandbox'
    )
    .option('--port <N>', 'the port, 0 for any free one (default: PORT, or 8080)')
    .action(async ({ port }: { port?: string }) => {
      const config = await readConfig({ ...cli.env, ...(port !== undefined && { PORT: portOf(port) }) }, cli.folder)
      const { close, ...ports } = realPorts()
      const stopped = firstStopSignal(cli, ports.clock)
      try {
        const server = await openHttpServer(config.host, config.port)
        try {
          await run(cli, config, ports, server, stopped)
        } finally {
          await server.close()
        }
      } finally {
        await close()
      }
      process.exit(cli.exitCode)
    })
}

function portOf(text: string): string {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return text
  throw new WrongUse(`--port ${text}: write a port number between 0 and 65535.`)
}

async function run(cli: Cli, config: Config, ports: Ports, server: HttpServer, stopped: Promise<void>): Promise<void> {
  const { clock, newId, random } = ports
  const log = createLog(config.logLevel)
  makeFolder(config.dataFolder, 0o700)
  const ownUrl = ownUrlOf(config.host, server.port)
  const open = await openEngine({
    config,
    ports,
    log,
    openDatabase: () => openDatabase({ url: config.databaseUrl, dataFolder: config.dataFolder, log, clock, newId }),
    webhooksUrl: `${ownUrl}/webhooks`
  })
  try {
    const { engine, db, connections } = open
    const hub = new HubRepository({ db, clock, newId, random, onWrite: engine.onHubWrite })
    const routers = [{ path: '/webhooks', router: webhookRouter(engine) }]
    server.serve(createApp({ hub, db, clock, newId, log, auth: fhirAccess(config, newId), routers }))
    cli.print(startBanner({ config, ownUrl, twins: connections.twins, connections: engine.connections }))
    await engine.start()
    const progress = showProgress(cli)
    const round = engine.syncRound({ onProgress: progress.tell }).finally(progress.end)
    const report = await Promise.race([round, stopped])
    if (report) cli.print(await inStepBanner({ report, open, config, ownUrl }))
    await stopped
    cli.tell('Stopping.')
  } finally {
    await open.close()
  }
}
