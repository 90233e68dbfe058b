/** Pieces of one record by what their keys begin with and their ids. */
import type { Piece } from './to-fhir.ts'

const few = 16

/** Most records have a few, which are found faster by looking at each than by hashing keys; long lists go into a map. */
export class PieceIndex<P extends Pick<Piece, 'part' | 'id'> = Piece> {
  readonly #pieces: P[]
  #byKey: Map<string, P> | undefined

  constructor(pieces: readonly P[]) {
    this.#pieces = [...pieces]
    this.#keepIndex()
  }

  find(prefix: string, id: string | undefined): P | undefined {
    if (id === undefined) return undefined
    if (this.#byKey) return this.#byKey.get(prefix + id)
    for (const piece of this.#pieces) if (piece.id === id && piece.part.prefix === prefix) return piece
    return undefined
  }

  add(piece: P): void {
    if (this.#byKey) this.#byKey.set(piece.part.prefix + piece.id, piece)
    else {
      this.#pieces.push(piece)
      this.#keepIndex()
    }
  }

  #keepIndex(): void {
    if (this.#pieces.length > few) this.#byKey = new Map(this.#pieces.map((piece) => [piece.part.prefix + piece.id, piece]))
  }
}
