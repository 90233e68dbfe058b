/** What a partner no longer lists inside a record; whether it was ever wrong only a person can say, so it is only marked. */
import type { Resource } from '@medplum/fhirtypes'
import { codeSystem } from '#mapping'

const unlisted = { system: codeSystem('record-state'), code: 'unlisted' }
const isMark = (tag: { system?: string; code?: string }) => tag.system === unlisted.system && tag.code === unlisted.code

export const isUnlisted = (resource: Resource): boolean => resource.meta?.tag?.some(isMark) ?? false

export function markUnlisted(resource: Resource): void {
  if (!isUnlisted(resource)) resource.meta = { ...resource.meta, tag: [...(resource.meta?.tag ?? []), unlisted] }
}

/** It is listed again. */
export function unmarkUnlisted(resource: Resource): void {
  const { tag: tags = [], ...meta } = resource.meta ?? {}
  const tag = tags.filter((one) => !isMark(one))
  resource.meta = tag.length > 0 ? { ...meta, tag } : meta
}
