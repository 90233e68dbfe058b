/** JSON, or where it stops being JSON: `line 3, column 7`. Node's own messages leave that out or quote what they read. */
export type ParsedJson = { readonly value: unknown } | { readonly problem: string }

export function parseJson(text: string): ParsedJson {
  try {
    return { value: JSON.parse(text) }
  } catch {
    const { at, expected } = firstError(text)
    const before = text.slice(0, at).split('\n')
    const line = `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`
    return {
      problem:
        at >= text.trimEnd().length ? `${line}: it ends where ${expected} should follow` : `${line}: ${expected} was expected`
    }
  }
}

const space = /[ \t\r\n]*/y
const scalar =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: JSON strings may not hold them
  /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y

type Expected = 'value' | 'value or ]' | 'key' | 'key or }' | ':' | ', or ]' | ', or }' | 'end'

const inWords: Record<Expected, string> = {
  value: 'a value',
  'value or ]': 'a value or "]"',
  key: 'a name in quotes',
  'key or }': 'a name in quotes or "}"',
  ':': '":"',
  ', or ]': '"," or "]"',
  ', or }': '"," or "}"',
  end: 'nothing more'
}

/** Steps over the text as JSON and stops where it cannot go on. */
function firstError(text: string): { at: number; expected: string } {
  const open: ('{' | '[')[] = []
  let expected: Expected = 'value'
  let at = 0
  const stepOver = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at
    return pattern.exec(text)?.[0]
  }
  const afterValue = (): Expected => (open.length === 0 ? 'end' : open.at(-1) === '{' ? ', or }' : ', or ]')
  for (;;) {
    at += stepOver(space)?.length ?? 0
    const sign = text[at]
    const value = stepOver(scalar)
    if (expected.startsWith('value') && (sign === '{' || sign === '[')) {
      open.push(sign)
      expected = sign === '{' ? 'key or }' : 'value or ]'
      at++
    } else if (expected.startsWith('value') && value !== undefined) {
      at += value.length
      expected = afterValue()
    } else if (expected.startsWith('key') && value?.startsWith('"')) {
      at += value.length
      expected = ':'
    } else if ((sign === '}' && expected.endsWith('}')) || (sign === ']' && expected.endsWith(']'))) {
      open.pop()
      at++
      expected = afterValue()
    } else if (sign === ':' && expected === ':') {
      at++
      expected = 'value'
    } else if (sign === ',' && expected.startsWith(',')) {
      at++
      expected = open.at(-1) === '{' ? 'key' : 'value'
    } else {
      const isBrokenText = sign === '"' && value === undefined
      return {
        at,
        expected: isBrokenText ? 'a text that ends with a quote and has no raw control characters' : inWords[expected]
      }
    }
  }
}
