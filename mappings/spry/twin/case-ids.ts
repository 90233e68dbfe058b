/**
 * Ids shaped like the documented ones: 24 hex digits, of which the first 8 are seconds, and `SPRY_CASE_` with one less. The last
 * 6 digits count up by two from the documented example for new cases and down for the population.
 */
const machine = 'e7562d613e'
const documentedCounter = 0xa89bc8
const counters = 0x1000000

export function caseIds(number: number, createdMillis: number): { id: string; spry_case_id: string } {
  const seconds = Math.floor(createdMillis / 1000)
    .toString(16)
    .padStart(8, '0')
  const counter = (((documentedCounter + 2 * number) % counters) + counters) % counters
  const tail = (value: number) => machine + value.toString(16).padStart(6, '0')
  return { id: seconds + tail(counter), spry_case_id: `SPRY_CASE_${seconds}${tail(counter - 1)}` }
}

/** The number of the population's case that may have this id: 0 is the documented one. The id itself must still be compared. */
export function populationNumber(spryCaseId: string): number | undefined {
  const digits = /^SPRY_CASE_[0-9a-f]{18}([0-9a-f]{6})$/.exec(spryCaseId)?.[1]
  if (digits === undefined) return undefined
  const below = documentedCounter - (Number.parseInt(digits, 16) + 1)
  return (((below + counters) % counters) / 2) | 0
}
