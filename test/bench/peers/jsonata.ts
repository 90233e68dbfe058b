/** The same template as one JSONata expression. */
import jsonata from 'jsonata'
import { isSlot } from './template.ts'

export function jsonataTemplate(template: unknown): (record: unknown) => Promise<unknown> {
  const expression = jsonata(written(template))
  return (record) => expression.evaluate(record)
}

function written(template: unknown): string {
  if (isSlot(template)) {
    const { path, prefix, suffix, text } = template
    const value = text ? `$string(${path})` : path
    return prefix || suffix ? `${JSON.stringify(prefix)} & ${value} & ${JSON.stringify(suffix)}` : value
  }
  if (Array.isArray(template)) return `[${template.map(written).join(', ')}]`
  if (template === null || typeof template !== 'object') return JSON.stringify(template)
  return `{${Object.entries(template)
    .map(([name, inner]) => `${JSON.stringify(name)}: ${written(inner)}`)
    .join(', ')}}`
}
