import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { WrongUse } from './wrong-use.ts'

/** The engine's one port. It is taken before anything else is started, and answers 503 until there is something to answer. */
export interface HttpServer {
  readonly port: number
  serve(listener: RequestListener): void
  close(): Promise<void>
}

export async function openHttpServer(host: string, port: number): Promise<HttpServer> {
  let answer: RequestListener = (_request, response) => {
    response.writeHead(503, { 'retry-after': '1' }).end('The engine is starting\n')
  }
  const server = createServer((request, response) => answer(request, response))
  await listen(server, host, port)
  return {
    port: (server.address() as AddressInfo).port,
    serve(listener) {
      answer = listener
    },
    close() {
      return new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
    }
  }
}

async function listen(server: Server, host: string, port: number): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, host, resolve)
    })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const choose = 'choose another with --port N or PORT=N (0 takes any free one)'
    if (code === 'EADDRINUSE') throw new WrongUse(`Port ${port} on ${host} is taken: end what runs there, or ${choose}.`)
    if (code === 'EACCES') throw new WrongUse(`Port ${port} may not be used by this user: ${choose}.`)
    if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
      throw new WrongUse(`This machine has no address ${host}: correct host or LIGATURE_HOST.`)
    throw error
  }
}

/** Whether only this machine can reach the address. */
export const isLoopback = (host: string): boolean => host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host)

/** How this machine reaches what listens on the address. */
export function ownUrlOf(host: string, port: number): string {
  const name = host === '0.0.0.0' || host === '::' || host === 'localhost' ? '127.0.0.1' : host
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`
}
