import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { makeFolder } from '../database/make-folder.ts'
import { processStart } from '../database/process-identity.ts'
import type { NewId } from '../ports.ts'

/** What a sandbox keeps for a twin over restarts: secrets made by chance, the port, and who runs it where. */
const twinState = z.object({
  token: z.string(),
  webhookSecret: z.string(),
  url: z.string().optional(),
  /** The process that runs the twin, told from a later one with the same pid by its start. */
  process: z.object({ pid: z.number(), start: z.string() }).optional()
})

export type TwinState = z.infer<typeof twinState>

/** Reads the state of a partner's twin, or begins one. */
export function readTwinState(dataFolder: string, partner: string, newId: NewId): TwinState {
  try {
    return twinState.parse(JSON.parse(readFileSync(fileOf(dataFolder, partner), 'utf8')))
  } catch {
    // None yet, or damaged: then new secrets do as well, since nobody else knows the old ones.
    const state = { token: secret(newId), webhookSecret: `whsec_${Buffer.from(secret(newId)).toString('base64')}` }
    keepTwinState(dataFolder, partner, state)
    return state
  }
}

/** Writes it whole or not at all; only the owner may read it. */
export function keepTwinState(dataFolder: string, partner: string, state: TwinState): void {
  const file = fileOf(dataFolder, partner)
  makeFolder(join(dataFolder, 'twins'), 0o700)
  writeFileSync(`${file}.unfinished`, JSON.stringify(state), { mode: 0o600 })
  renameSync(`${file}.unfinished`, file)
}

/** Where the twin runs in another process that is alive; undefined when none does. */
export function runningTwinUrl({ url, process: other }: TwinState): string | undefined {
  return other !== undefined && processStart(other.pid) === other.start ? url : undefined
}

export const thisProcess = () => ({ pid: process.pid, start: processStart(process.pid) ?? '' })

const fileOf = (dataFolder: string, partner: string) => join(dataFolder, 'twins', `${partner}.json`)

const secret = (newId: NewId) => `${newId()}${newId()}`.replaceAll('-', '')
