import { Router as createRouter, type Request, type Router } from 'express'
import { rawBody } from '../http/read-body.ts'
import type { Engine } from '../sync/engine.ts'

const maxBytes = 1024 * 1024

/** `POST /webhooks/<connection>`: the bytes as they came, for the signature is over them. */
export function webhookRouter(engine: Pick<Engine, 'receiveWebhook'>): Router {
  const router = createRouter()
  router.post('/:connection', rawBody(maxBytes), async (request: Request<{ connection: string }>, response) => {
    const headers = Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [name, Array.isArray(value) ? value[0] : value])
    )
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
    const { status, reason } = await engine.receiveWebhook(request.params.connection, headers, body)
    response.status(status)
    if (reason === undefined) response.end()
    else response.json({ reason })
  })
  return router
}
