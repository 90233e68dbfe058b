import { join } from 'node:path'
import { type Call, createClient, type Partner, type StartTwin, type Twin } from '#partner'
import { makeFolder } from '../database/make-folder.ts'
import type { PartnerModule } from '../partners.ts'
import type { Ports } from '../ports.ts'
import type { SyncConnection } from '../sync/connection.ts'
import { partnerApi, twinStarter } from './partner-api.ts'
import { keepTwinState, readTwinState, runningTwinUrl, type TwinState, thisProcess } from './sandbox-state.ts'

/** A twin and the connection that the sandbox has to it. */
export interface SandboxTwin {
  readonly connection: SyncConnection
  readonly title: string
  readonly url: string
}

export interface Sandbox {
  readonly twins: readonly SandboxTwin[]
  close(): Promise<void>
}

export interface SandboxOptions {
  readonly dataFolder: string
  readonly partners: readonly PartnerModule[]
  readonly ports: Ports
  /** Where our own webhook receiver is, while one runs. */
  readonly webhooksUrl?: string | undefined
}

/** The documented example is one of them. */
const cases = 201
const seed = 1

/**
 * Every partner that has a twin, on loopback, with a connection that may do everything. A twin that another process runs on this
 * data folder is used where it is.
 */
export async function openSandbox(options: SandboxOptions): Promise<Sandbox> {
  const running: Twin[] = []
  const close = async () => {
    await Promise.all(running.map((twin) => twin.close()))
  }
  try {
    const twins: SandboxTwin[] = []
    for (const module of options.partners) {
      const [partner, startTwin] = [await partnerApi(module), await twinStarter(module)]
      if (partner && startTwin) twins.push(await openTwin(module, partner, startTwin, options, running))
    }
    return { twins, close }
  } catch (error) {
    await close()
    throw error
  }
}

async function openTwin(
  module: PartnerModule,
  partner: Partner,
  startTwin: StartTwin,
  { dataFolder, ports, webhooksUrl }: SandboxOptions,
  running: Twin[]
): Promise<SandboxTwin> {
  const state = readTwinState(dataFolder, module.name, ports.newId)
  const start = async (): Promise<string> => {
    makeFolder(join(dataFolder, 'twins'), 0o700)
    const webhook = webhooksUrl && { url: `${webhooksUrl}/${module.name}`, secret: state.webhookSecret }
    const twin = await onItsPort(state, (port) =>
      startTwin({
        ports,
        seed,
        size: cases,
        token: state.token,
        stateFile: join(dataFolder, 'twins', `${module.name}-records.json`),
        ...(webhook && { webhook }),
        ...(port !== undefined && { port })
      })
    )
    running.push(twin)
    keepTwinState(dataFolder, module.name, { ...state, url: twin.url, process: thisProcess() })
    return twin.url
  }
  const url = runningTwinUrl(state) ?? (await start())
  return { title: partner.title, url, connection: connectionTo(module, partner, state, url, ports) }
}

/** The port of the last time, so that commands that were copied go on working; any other when that one is taken. */
async function onItsPort(state: TwinState, start: (port?: number) => Promise<Twin>): Promise<Twin> {
  const last = Number(state.url === undefined ? 0 : new URL(state.url).port)
  if (last === 0) return start()
  return start(last).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'EADDRINUSE') return start()
    throw error
  })
}

function connectionTo(module: PartnerModule, partner: Partner, state: TwinState, baseUrl: string, ports: Ports): SyncConnection {
  const grants = Object.fromEntries(
    Object.values<Call>(partner.calls).flatMap(({ grant }) => (grant === undefined ? [] : [[grant, true]]))
  )
  return {
    name: module.name,
    client: createClient(partner, { name: module.name, baseUrl, token: async () => state.token, grants }, ports),
    serviceTimeZone: 'UTC',
    entities: module.entities,
    schedule: '* * * * *',
    sweepEveryMs: 3_600_000,
    absenceGuard: 0.2,
    webhookSecrets: () => [state.webhookSecret],
    paused: () => false
  }
}
