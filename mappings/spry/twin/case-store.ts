import type { Clock, Random } from '../../../src/ports.ts'
import type { SpryCase } from '../records.ts'
import { caseFromRequest } from './case-from-request.ts'
import { caseIds, populationNumber } from './case-ids.ts'
import type { AddCase } from './check-request.ts'
import type { Population } from './population.ts'
import { microsOf, updatedDateLag, zonedTime, zonelessTime } from './spry-time.ts'

/** A case's number in the population, or the `spry_case_id` of a new one. */
type CaseKey = number | string

/** What has become different from the generated population: all that has to outlive a restart. */
export interface StoreChanges {
  readonly seed: number
  readonly size: number
  /** Cases that were edited or are new; null where one was deleted. */
  readonly cases: readonly (readonly [CaseKey, SpryCase | null])[]
  /** New cases in order of creation. */
  readonly created: readonly string[]
  /** How many cases were ever created: their ids count up. */
  readonly sequence: number
  readonly lastMicros: number
}

export interface CaseFilter {
  readonly page: number
  readonly size: number
  /** Microseconds. */
  readonly updatedSince?: number | undefined
  readonly patientId?: number | undefined
}

/** The twin's cases: a generated population with changes on top. Listed in order of creation, so that edits move no page. */
export class CaseStore {
  readonly population: Population
  readonly clock: Clock
  readonly random: Random
  readonly changed = new Map<CaseKey, SpryCase | null>()
  created: string[] = []
  sequence = 0
  lastMicros: number
  /** Oldest first; undefined after a deletion, until it is needed. */
  order: CaseKey[] | undefined

  constructor(population: Population, ports: { clock: Clock; random: Random }) {
    this.population = population
    this.clock = ports.clock
    this.random = ports.random
    this.lastMicros = population.size > 0 ? population.updatedAt(0) : 0
  }

  get(spryCaseId: string): SpryCase | undefined {
    const key = this.keyOf(spryCaseId)
    if (typeof key === 'string') return this.changed.get(key) ?? undefined
    const found = this.changed.get(key)
    if (found === null) return undefined
    const record = found ?? this.population.caseAt(key)
    return record.spry_case_id === spryCaseId ? record : undefined
  }

  list({ page, size, updatedSince, patientId }: CaseFilter): { cases: SpryCase[]; total: number } {
    const all = this.listed()
    const fits = (entry: CaseKey) =>
      (updatedSince === undefined || this.updatedAt(entry) >= updatedSince) &&
      (patientId === undefined || this.patientId(entry) === patientId)
    const found = updatedSince === undefined && patientId === undefined ? all : all.filter(fits)
    const cases = found.slice(page * size, (page + 1) * size).map((entry) => this.caseOf(entry))
    return { cases, total: found.length }
  }

  create(request: AddCase): SpryCase {
    const micros = this.tick()
    const created = zonelessTime(Math.floor(micros / 1000) * 1000)
    const assigned = {
      ...caseIds(++this.sequence, micros / 1000),
      created_date: `${created}Z`,
      created_at: created,
      ...this.updateTimes(micros)
    }
    const stored = this.keep(caseFromRequest(request, assigned, this.population))
    this.created.push(stored.spry_case_id)
    this.order?.push(stored.spry_case_id)
    return stored
  }

  /** What a whole-value write makes of a case: only what Spry assigns survives. */
  replace(current: SpryCase, request: AddCase): SpryCase {
    const { id = '', spry_case_id, created_date, created_at } = current
    const assigned = { id, spry_case_id, created_date, created_at, ...this.updateTimes(this.tick()) }
    const { authorization_required, auth_required_status, organisation_id } = current
    const kept = { authorization_required, auth_required_status, organisation_id }
    return this.keep({ ...caseFromRequest(request, assigned, this.population), ...kept })
  }

  /** What a clinician changes in Spry's own screens: any field of the record as read. */
  edit(current: SpryCase, fields: Partial<SpryCase>): SpryCase {
    const edited = { ...current, ...fields, spry_case_id: current.spry_case_id, ...this.updateTimes(this.tick()) }
    const { patient_id, case_title, treatment_status } = edited
    return this.keep({ ...edited, patient_case_identifier: { patient_id, case_title, treatment_status } })
  }

  remove(spryCaseId: string): void {
    this.changed.set(this.keyOf(spryCaseId), null)
    this.created = this.created.filter((id) => id !== spryCaseId)
    this.order = undefined
  }

  changes(): StoreChanges {
    const { seed, size } = this.population
    return { seed, size, cases: [...this.changed], created: this.created, sequence: this.sequence, lastMicros: this.lastMicros }
  }

  restore(changes: StoreChanges): void {
    const { seed, size } = this.population
    if (changes.seed !== seed || changes.size !== size) {
      throw new Error(
        `The kept state is of a population (${changes.seed}, ${changes.size}), not (${seed}, ${size}): remove it or use that one`
      )
    }
    this.changed.clear()
    for (const [key, record] of changes.cases) this.changed.set(key, record)
    this.created = [...changes.created]
    this.sequence = changes.sequence
    this.lastMicros = changes.lastMicros
    this.order = undefined
  }

  keep(record: SpryCase): SpryCase {
    this.changed.set(this.keyOf(record.spry_case_id), record)
    return record
  }

  keyOf(spryCaseId: string): CaseKey {
    const number = populationNumber(spryCaseId)
    return number !== undefined && number < this.population.size ? number : spryCaseId
  }

  listed(): readonly CaseKey[] {
    if (this.order === undefined) {
      const { size } = this.population
      const numbers = Array.from({ length: size }, (_, place) => size - 1 - place)
      this.order = [...numbers.filter((number) => this.changed.get(number) !== null), ...this.created]
    }
    return this.order
  }

  caseOf(key: CaseKey): SpryCase {
    const changed = this.changed.get(key)
    if (changed != null) return changed
    if (typeof key === 'string') throw new Error(`The twin lists ${key}, which it does not have`)
    return this.population.caseAt(key)
  }

  updatedAt(key: CaseKey): number {
    const unchanged = typeof key === 'number' && !this.changed.has(key)
    return unchanged ? this.population.updatedAt(key) : microsOf(this.caseOf(key).updated_at ?? '')
  }

  patientId(key: CaseKey): number {
    const unchanged = typeof key === 'number' && !this.changed.has(key)
    return unchanged ? this.population.patientIdAt(key) : this.caseOf(key).patient_id
  }

  /** The time of a change in microseconds: never the same twice, and never going back. */
  tick(): number {
    this.lastMicros = Math.max(this.clock.now() * 1000 + Math.floor(this.random() * 1000), this.lastMicros + 1)
    return this.lastMicros
  }

  updateTimes(micros: number) {
    return { updated_date: zonedTime(micros + updatedDateLag), updated_at: zonelessTime(micros) }
  }
}
