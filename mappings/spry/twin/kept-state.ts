import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import type { CaseStore, StoreChanges } from './case-store.ts'

/** Writes what has changed to a file, whole or not at all. */
export function snapshot(store: CaseStore, file: string): void {
  const unfinished = `${file}.unfinished`
  writeFileSync(unfinished, JSON.stringify(store.changes()))
  renameSync(unfinished, file)
}

/** Takes up the state of an earlier run, if there is one. */
export function restore(store: CaseStore, file: string): void {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return
    throw error
  }
  store.restore(JSON.parse(text) as StoreChanges)
}
