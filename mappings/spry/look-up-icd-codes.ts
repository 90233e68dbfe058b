import type { AskPartner } from '#partner'
import type { SpryCase, SpryIcdCode } from './records.ts'

/**
 * The case with Spry's own ids for its diagnosis codes, looked up by "Search ICD Codes" where they are missing. Only an exact match
 * of the code counts; an id is never invented.
 */
export async function withIcdIds(record: SpryCase, ask: AskPartner): Promise<SpryCase> {
  const found = new Map<string, SpryIcdCode>()
  for (const { id, code } of [...(record.icd_codes ?? []), ...(record.treating_icd_codes ?? [])]) {
    if (id || !code || found.has(code)) continue
    const match = exactMatch(await ask('searchIcdCodes', { query: { query: code } }), code)
    if (match) found.set(code, match)
  }
  if (found.size === 0) return record
  const complete = (list: SpryIcdCode[]) =>
    list.map((one) => {
      const match = one.id || !one.code ? undefined : found.get(one.code)
      return match ? { ...one, id: match.id, revision: one.revision ?? 'ICD10' } : one
    })
  return {
    ...record,
    ...(record.icd_codes ? { icd_codes: complete(record.icd_codes) } : {}),
    ...(record.treating_icd_codes ? { treating_icd_codes: complete(record.treating_icd_codes) } : {})
  }
}

function exactMatch(answer: unknown, code: string): SpryIcdCode | undefined {
  const list = Array.isArray(answer) ? answer : ((answer as { icd_codes?: unknown } | null | undefined)?.icd_codes ?? [])
  return Array.isArray(list) ? list.find((one) => one?.code === code && one?.id) : undefined
}
