import { randomUUID } from 'node:crypto'
import type { NewId } from '../ports.ts'

/** Random (version 4) UUIDs. */
export const newId: NewId = () => randomUUID()
