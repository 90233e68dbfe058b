/**
 * Compiled readers of element paths: what `readAt` and `readAllAt` do by walking steps, as one function per path. Only paths and
 * patterns from declarations become code, never data.
 */
import type { Pattern, Step } from './path.ts'

export type Reader = (resource: unknown) => unknown
export type ListReader = (resource: unknown) => readonly unknown[]

const none: readonly unknown[] = Object.freeze([])

/** The value at a path, or `undefined`; for a path that ends in a slice, the first element of it. */
export function reader(steps: readonly Step[]): Reader {
  return new Function('v', `${walk(steps)}return v;`) as Reader
}

/** Every element of the slice (or array) at the path's last step. */
export function listReader(steps: readonly Step[]): ListReader {
  const last = steps[steps.length - 1] as Step
  const list = `${walk(steps.slice(0, -1))}v = v?.[${JSON.stringify(last.name)}]; if (!Array.isArray(v)) return none;`
  const filter = last.kind === 'slice' ? `return v.filter((one) => ${test('one', last.pattern)});` : 'return v;'
  return (new Function('none', `return function (v) { ${list} ${filter} }`) as (empty: typeof none) => ListReader)(none)
}

function walk(steps: readonly Step[]): string {
  return steps
    .map((step) => {
      const property = `v = v?.[${JSON.stringify(step.name)}];\n`
      if (step.kind === 'property') return property
      const one = step.kind === 'index' ? `v[${step.index}]` : `v.find((one) => ${test('one', step.pattern)})`
      return `${property}if (!Array.isArray(v)) return undefined;\nv = ${one};\n`
    })
    .join('')
}

/** The condition under which a value bears everything that a slice's pattern asks for. */
function test(variable: string, pattern: unknown): string {
  if (Array.isArray(pattern)) {
    const items = pattern.map((wanted) => `${variable}.some((each) => ${test('each', wanted)})`)
    return [`Array.isArray(${variable})`, ...items].join(' && ')
  }
  if (pattern === null || typeof pattern !== 'object') return `${variable} === ${JSON.stringify(pattern)}`
  const parts = Object.entries(pattern as Pattern)
    .filter(([name]) => name !== 'display')
    .map(([name, wanted]) => test(`${variable}?.[${JSON.stringify(name)}]`, wanted))
  return parts.length > 0 ? parts.join(' && ') : `typeof ${variable} === 'object' && ${variable} !== null`
}
