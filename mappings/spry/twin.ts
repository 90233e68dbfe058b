import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { StartTwin, Twin } from '#partner'
import type { Ports } from '../../src/ports.ts'
import { CaseStore } from './twin/case-store.ts'
import { Counters } from './twin/counters.ts'
import { answerEdit } from './twin/edit-api.ts'
import { Faults } from './twin/faults.ts'
import { restore, snapshot } from './twin/kept-state.ts'
import { type Population, population } from './twin/population.ts'
import type { CaseEvent, Reply } from './twin/reply.ts'
import { failed, noSuchPath, unauthorized } from './twin/reply.ts'
import { bodyOf, send, serveCall } from './twin/serve.ts'
import { answerCall, matchCall } from './twin/spry-api.ts'
import type { WebhookTarget } from './twin/webhooks.ts'
import { deliver } from './twin/webhooks.ts'

export type { Fault, FaultKind } from './twin/faults.ts'
export { population }

export interface TwinOptions {
  readonly ports: Ports
  readonly population: Population
  /** Any free port by default. */
  readonly port?: number
  /** The bearer token that Spry's API asks for. */
  readonly token: string
  readonly webhook?: WebhookTarget
  readonly enabledSpecializations?: readonly string[]
  /** How long each call takes, in milliseconds of the clock. */
  readonly latencyMs?: number
  /** Keeps edits and new cases over a restart. */
  readonly stateFile?: string
}

export interface SpryTwin extends Twin {
  readonly store: CaseStore
  readonly counters: Counters
  readonly faults: Faults
  /** From now on only this token is taken. */
  rotateToken(token: string): void
  setWebhook(target: WebhookTarget | undefined): void
  /** Writes what has changed to a file, whole or not at all. */
  snapshot(file: string): void
  restore(file: string): void
}

/** The twin as the sandbox starts it, without knowing what Spry is. */
export const startTwin: StartTwin = ({ seed, size, ...options }) =>
  createSpryTwin({ ...options, population: population(seed, size) })

/** Spry's case API on loopback: as documented where "Add Case" speaks, as in `assumptions.ts` where it is silent. */
export async function createSpryTwin(options: TwinOptions): Promise<SpryTwin> {
  const {
    ports,
    stateFile,
    latencyMs = 0,
    enabledSpecializations = ['MSK', 'CHIROPRACTOR', 'LYMPHATIC', 'VESTIBULAR', 'PEDIATRIC']
  } = options
  const store = new CaseStore(options.population, ports)
  const counters = new Counters()
  const faults = new Faults()
  const underWay = new Set<Promise<void>>()
  let { token, webhook } = options
  if (stateFile !== undefined) restore(store, stateFile)

  const track = (work: Promise<void>) => {
    underWay.add(work)
    void work.finally(() => underWay.delete(work))
  }
  const happened = (event: CaseEvent) => {
    if (stateFile !== undefined) snapshot(store, stateFile)
    if (webhook !== undefined) track(deliver(webhook, event, ports, counters))
  }
  const context = { store, counters, faults, enabledSpecializations, happened }

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = 'GET', headers } = request
    const url = new URL(request.url ?? '/', 'http://twin')
    const body = await bodyOf(request)
    if (url.pathname.startsWith('/twin/')) {
      const edit = { method, path: url.pathname, query: url.searchParams, body }
      // Only programs on this machine may edit: a web page of another origin shows itself by one of these headers.
      return send(
        response,
        isOwnMachine(headers.host, headers.origin) ? answerEdit(edit, context) : { status: 403, body: undefined }
      )
    }
    const matched = matchCall(method, url.pathname)
    if (matched === undefined) return send(response, noSuchPath)
    counters.called(matched.call)
    if (latencyMs > 0) await ports.clock.sleep(latencyMs)
    if (headers.authorization !== `Bearer ${token}`) return send(response, unauthorized)
    const effect = (): Reply => answerCall({ ...matched, query: url.searchParams, body }, context)
    return serveCall(response, faults.take(matched.call), effect, ports.clock)
  }

  const server = createServer((request, response) => {
    track(
      handle(request, response).catch(() => {
        if (!response.headersSent) send(response, failed)
        else response.destroy()
      })
    )
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port ?? 0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo

  const settled = async () => {
    while (underWay.size > 0) await Promise.all(underWay)
  }
  return {
    url: `http://127.0.0.1:${port}`,
    store,
    counters,
    faults,
    rotateToken(next) {
      token = next
    },
    setWebhook(target) {
      webhook = target
    },
    snapshot: (file) => snapshot(store, file),
    restore: (file) => restore(store, file),
    settled,
    async close() {
      await new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
    }
  }
}

function isOwnMachine(host: string | undefined, origin: string | undefined): boolean {
  return origin === undefined && /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/.test(host ?? '')
}
