import type { Ports } from '../ports.ts'
import { clock } from './clock.ts'
import { createHttp } from './http.ts'
import { newId } from './new-id.ts'
import { random } from './random.ts'

/** All ports on the real world. `close` ends the network's idle connections. */
export function realPorts(): Ports & { close(): Promise<void> } {
  const { http, close } = createHttp()
  return { clock, newId, random, http, close }
}
