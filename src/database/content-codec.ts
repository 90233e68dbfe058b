/**
 * The one way in which content (bases, observations, resource versions, intent bodies) becomes bytes: a format byte, then the
 * format's own bytes. `decodeContent(encodeContent(value))` equals `value` for every JSON value.
 */
export function encodeContent(value: unknown): Buffer {
  const json = JSON.stringify(value)
  if (json === undefined) throw new TypeError('Content must be a JSON value')
  const bytes = Buffer.allocUnsafe(1 + Buffer.byteLength(json))
  bytes[0] = plainJson
  bytes.write(json, 1)
  return bytes
}

export function decodeContent(bytes: Uint8Array): unknown {
  const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (buffer[0] === plainJson) return JSON.parse(buffer.toString('utf8', 1))
  throw new UnknownContentFormat(buffer[0])
}

/** Content in a format that this version cannot read: written by a later one, or damaged. */
export class UnknownContentFormat extends Error {
  override readonly name = 'UnknownContentFormat'

  readonly format: number | undefined

  constructor(format: number | undefined) {
    super(
      `Content has format ${format ?? 'none (it is empty)'}, which this version does not know: start the version that wrote it.`
    )
    this.format = format
  }
}

// 2 and up are free, for instance for encrypted content.
const plainJson = 1
