/**
 * The documented result with paths in place of its values, for the mapping languages: derived from the pair of documents, since
 * both languages need the same paths. Covers that one shape only: no lists of other lengths, no absent values, no checks.
 */

/** A place that a path of the record fills. */
export interface Slot {
  readonly path: string
  readonly prefix: string
  readonly suffix: string
  /** The record holds a number, the resource a text. */
  readonly text: boolean
}

const slots = new WeakSet<object>()
export const isSlot = (value: unknown): value is Slot => typeof value === 'object' && value !== null && slots.has(value)

function slot(path: string, { prefix = '', suffix = '', text = false } = {}): Slot {
  const made = { path, prefix, suffix, text }
  slots.add(made)
  return made
}

/** Extensions whose value alone does not tell the field. */
const byUrl: Readonly<Record<string, string>> = {
  'spry-direct-access': 'direct_access',
  'spry-number-of-past-visits': 'number_of_past_visits_for_this_case',
  'spry-authorization-required': 'authorization_required',
  'spry-visit-track-required': 'visit_track_required',
  'spry-case-visit-limit': 'case_visit_limit'
}

/** Puts a slot wherever a value of the resources is a field of the record: as it is, as text, after a `|`, or with a `Z`. */
export function templateOf(record: unknown, resources: unknown): unknown {
  const fields = leavesOf(record, '')
  const field = (text: string) => fields.find(([, value]) => text !== '' && String(value) === text)
  const made = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(made)
    if (value !== null && typeof value === 'object') return object(value as Record<string, unknown>)
    if (typeof value !== 'string') return value
    const whole = field(value)
    if (whole) return slot(whole[0], { text: typeof whole[1] === 'number' })
    const time = value.endsWith('Z') ? field(value.slice(0, -1)) : undefined
    if (time) return slot(time[0], { suffix: 'Z' })
    const cut = Math.max(value.lastIndexOf('|'), value.lastIndexOf(' ')) + 1
    const tail = cut > 0 ? field(value.slice(cut)) : undefined
    return tail ? slot(tail[0], { prefix: value.slice(0, cut), text: typeof tail[1] === 'number' }) : value
  }
  const object = (node: Record<string, unknown>) => {
    const name = byUrl[String(node.url).split('/').pop() ?? '']
    return Object.fromEntries(
      Object.entries(node).map(([key, value]) => [key, name && key.startsWith('value') ? slot(name) : made(value)])
    )
  }
  return made(resources)
}

function leavesOf(value: unknown, at: string): [string, unknown][] {
  if (Array.isArray(value)) return value.flatMap((item, index) => leavesOf(item, `${at}[${index}]`))
  if (value === null || typeof value !== 'object') return [[at, value]]
  return Object.entries(value).flatMap(([name, inner]) => leavesOf(inner, at === '' ? name : `${at}.${name}`))
}
