import type { Finding } from './finding.ts'

/** Runs overlap by minutes, so that seconds between two clocks do no harm. */
const tolerableMs = 60_000

export function clockFinding(what: string, differenceMs: number): Finding {
  const seconds = Math.abs(Math.round(differenceMs / 1000))
  const found = seconds <= 1 ? 'agrees with ours' : `is ${seconds} s ${differenceMs > 0 ? 'ahead of' : 'behind'} ours`
  return Math.abs(differenceMs) <= tolerableMs
    ? { state: 'ok', what, found }
    : { state: 'warn', what, found, remedy: 'set both clocks by NTP: changes may be found late' }
}
