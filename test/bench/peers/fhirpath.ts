/** A template of resources with a precompiled FHIRPath expression in each place. */
import fhirpath from 'fhirpath'
import { isSlot, type Slot } from './template.ts'

type Fill = (record: unknown) => unknown

export function fhirpathTemplate(template: unknown): Fill {
  if (isSlot(template)) return compiled(template)
  if (Array.isArray(template)) {
    const items = template.map(fhirpathTemplate)
    return (record) => items.map((fill) => fill(record))
  }
  if (template === null || typeof template !== 'object') return () => template
  const children = Object.entries(template).map(([name, inner]) => [name, fhirpathTemplate(inner)] as const)
  return (record) => Object.fromEntries(children.map(([name, fill]) => [name, fill(record)]))
}

function compiled({ path, prefix, suffix, text }: Slot): Fill {
  const value = text ? `${path}.toString()` : path
  const expression = prefix || suffix ? `'${prefix}' & ${value} & '${suffix}'` : value
  const evaluate = fhirpath.compile(expression) as (resource: unknown) => unknown[]
  return (record) => evaluate(record)[0]
}
