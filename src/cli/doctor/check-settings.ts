import type { Config } from '../../config.ts'
import { isLoopback } from '../http-server.ts'
import type { Finding } from './finding.ts'

/** Settings that are valid, and yet may not be what was meant. */
export function checkSettings(config: Config): Finding[] {
  const { connections, clients, host } = config
  if (connections.length === 0) {
    const open = isLoopback(host)
    return [
      { state: 'ok', what: 'configuration', found: 'no connections: a sandbox on the partners’ twins' },
      ...(open || clients.length > 0 ? [] : [nobody])
    ]
  }
  return [
    { state: 'ok', what: 'configuration', found: `${connections.length} connections, ${clients.length} clients` },
    ...(clients.length > 0 ? [] : [nobody]),
    ...connections.flatMap((one): Finding[] => {
      const what = `connection ${one.name}`
      return [
        ...(one.paused ? [{ state: 'warn', what, found: 'is paused', remedy: 'set paused: false to go on' } as const] : []),
        ...(one.allowUpdate
          ? []
          : [
              {
                state: 'warn',
                what,
                found: 'may create but not update',
                remedy: 'changes in FHIR become conflicts; allowUpdate: true lets them through'
              } as const
            ]),
        ...(one.webhookSecrets.length > 0
          ? []
          : [
              {
                state: 'warn',
                what,
                found: 'takes no webhooks',
                remedy: `changes are found on schedule (${one.schedule}) only; webhookSecrets lets the partner tell`
              } as const
            ]),
        ...(one.baseUrl.startsWith('https:') || isLoopback(new URL(one.baseUrl).hostname)
          ? []
          : [
              {
                state: 'warn',
                what,
                found: 'is reached by plain http',
                remedy: 'use https: tokens and records are readable on the way'
              } as const
            ])
      ]
    })
  ]
}

const nobody: Finding = {
  state: 'warn',
  what: 'FHIR endpoint',
  found: 'asks for tokens, and nobody can get one',
  remedy: 'add clients to ligature.config.ts'
}
