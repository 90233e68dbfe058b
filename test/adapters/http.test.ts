import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer as createHttpServer, type RequestListener } from 'node:http'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer as createTlsServer } from 'node:tls'
import { afterEach, describe, expect, onTestFinished, test } from 'vitest'
import { createHttp } from '../../src/adapters/http.ts'
import { NotSent, OutcomeUnknown } from '../../src/ports.ts'

const { http } = createHttp()
const servers: Server[] = []
const sockets = new Set<Socket>()

afterEach(() => {
  for (const server of servers.splice(0)) server.close()
  for (const socket of sockets) socket.destroy()
})

async function listen(server: Server): Promise<string> {
  servers.push(server)
  server.on('connection', (socket: Socket) => sockets.add(socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const answering = (listener: RequestListener) => listen(createHttpServer(listener))
const post = (url: string, more: object = {}) => http({ method: 'POST', url, body: 'secret-body', timeoutMs: 2_000, ...more })
const failure = (exchange: Promise<unknown>) =>
  exchange.then(
    () => undefined,
    (error: Error) => error
  )

describe('an exchange', () => {
  test('brings status, headers and bytes as they came, whatever the status', async () => {
    const url = await answering((request, response) => {
      response.writeHead(418, { 'X-Seen': request.headers['x-sent'], 'Set-Cookie': ['a=1', 'b=2'] })
      request.pipe(response)
    })
    const answer = await http({
      method: 'PUT',
      url: `${url}/a?b=c`,
      headers: { 'X-Sent': 'yes' },
      body: Buffer.from([0, 255]),
      timeoutMs: 2_000
    })
    expect(answer).toMatchObject({ status: 418, headers: { 'x-seen': 'yes', 'set-cookie': 'a=1, b=2' } })
    expect([...answer.body]).toEqual([0, 255])
  })

  test('does not follow a redirect', async () => {
    const url = await answering((_, response) => response.writeHead(302, { location: '/elsewhere' }).end())
    expect((await http({ method: 'GET', url, timeoutMs: 2_000 })).status).toBe(302)
  })

  test('is sent once, even when the other side hangs up', async () => {
    let requests = 0
    const url = await answering((request) => {
      requests++
      request.socket.destroy()
    })
    expect(await failure(http({ method: 'GET', url, timeoutMs: 2_000 }))).toBeInstanceOf(OutcomeUnknown)
    expect(requests).toBe(1)
  })

  test('writes use a fresh connection each, so none meets one that is about to close', async () => {
    const ports = new Set<number | undefined>()
    const url = await answering((request, response) => {
      ports.add(request.socket.remotePort)
      response.end()
    })
    for (let i = 0; i < 3; i++) await post(url)
    expect(ports.size).toBe(3)
  })
})

describe('a request that was not sent', () => {
  test('because nobody listens', async () => {
    const url = await answering(() => {})
    await new Promise((resolve) => servers.pop()?.close(resolve))
    expect(await failure(post(url))).toBeInstanceOf(NotSent)
  })

  test('because the name does not exist', async () => {
    expect(await failure(post('http://nowhere.invalid/'))).toBeInstanceOf(NotSent)
  })

  test('because the url or a header is no such thing', async () => {
    expect(await failure(post('not a url'))).toBeInstanceOf(NotSent)
    expect(await failure(post('ftp://127.0.0.1/'))).toBeInstanceOf(NotSent)
    expect(await failure(post('http://127.0.0.1:9/', { headers: { a: 'b\nc' } }))).toBeInstanceOf(NotSent)
  })

  test('because the certificate is not trusted', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ligature-tls-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const files = { key: join(folder, 'key.pem'), cert: join(folder, 'cert.pem') }
    const made = spawnSync('openssl', [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-subj',
      '/CN=x',
      '-keyout',
      files.key,
      '-out',
      files.cert
    ])
    if (made.error) return
    let received = ''
    const server = createTlsServer({ key: readFileSync(files.key), cert: readFileSync(files.cert) }, (socket) => {
      socket.on('data', (chunk) => {
        received += chunk
      })
    })
    const url = (await listen(server)).replace('http:', 'https:')
    expect(await failure(post(url))).toBeInstanceOf(NotSent)
    expect(received).toBe('')
  })

  test('because the TLS handshake broke', async () => {
    const url = await listen(createServer((socket) => socket.once('data', () => socket.destroy())))
    expect(await failure(post(url.replace('http:', 'https:')))).toBeInstanceOf(NotSent)
  })

  test('because the handshake took all the time there was', async () => {
    const url = await listen(createServer(() => {}))
    expect(await failure(post(url.replace('http:', 'https:'), { timeoutMs: 50 }))).toBeInstanceOf(NotSent)
  })
})

describe('an outcome is unknown', () => {
  const cases: [string, (socket: Socket) => void][] = [
    ['when the connection is reset', (socket) => socket.resetAndDestroy()],
    ['when the connection ends without an answer', (socket) => socket.end()],
    ['when the answer is no HTTP', (socket) => socket.end('hello')],
    ['when the body is cut', (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc')],
    ['when the chunks are cut', (socket) => socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc')],
    ['when no answer comes in time', () => {}],
    ['when the body stops coming', (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc')]
  ]
  test.for(cases)('%s', async ([, answer]) => {
    const url = await listen(createServer((socket) => socket.on('error', () => {}).once('data', () => answer(socket))))
    expect(await failure(post(url, { timeoutMs: 300 }))).toBeInstanceOf(OutcomeUnknown)
  })

  test.for([true, false])('when the answer is too long (announced: %s)', async (isAnnounced) => {
    const url = await answering((_, response) => {
      if (isAnnounced) response.setHeader('content-length', 5_000)
      response.write('x'.repeat(2_500))
      response.end('x'.repeat(2_500))
    })
    const error = await failure(post(url, { maxBytes: 1_000 }))
    expect(error).toBeInstanceOf(OutcomeUnknown)
    expect(error?.message).toContain('ANSWER_TOO_LONG')
    expect((await post(url, { maxBytes: 5_000 })).body.byteLength).toBe(5_000)
  })
})

test('messages name the host, and neither path, query, headers nor body', async () => {
  const url = await listen(createServer((socket) => socket.once('data', () => socket.destroy())))
  const request = { headers: { authorization: 'secret-token' } }
  for (const target of [
    `${url}/secret-path?secret=query`,
    'http://nowhere.invalid/secret-path?secret=query',
    'secret nonsense'
  ]) {
    const error = await failure(post(target, request))
    expect(error?.message).not.toContain('secret')
  }
  expect((await failure(post(`${url}/x`)))?.message).toContain(`POST ${url}: UND_ERR_SOCKET`)
})
