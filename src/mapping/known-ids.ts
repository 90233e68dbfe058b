/** The ids of a record's resources that may come again: the same physician in two fields is one resource. */

const few = 16

/** Most records have a few, which are found faster by looking at each; long lists go into a set. */
export class KnownIds {
  readonly #prefixes: string[] = []
  readonly #ids: string[] = []
  #keys: Set<string> | undefined

  has(prefix: string, id: string): boolean {
    if (this.#keys) return this.#keys.has(prefix + id)
    for (let index = 0; index < this.#ids.length; index++) {
      if (this.#ids[index] === id && this.#prefixes[index] === prefix) return true
    }
    return false
  }

  /** Notes an id; `false` when it was there before. */
  add(prefix: string, id: string): boolean {
    if (this.has(prefix, id)) return false
    if (this.#keys) this.#keys.add(prefix + id)
    else {
      this.#prefixes.push(prefix)
      this.#ids.push(id)
      if (this.#ids.length > few) this.#keys = new Set(this.#ids.map((one, index) => this.#prefixes[index] + one))
    }
    return true
  }
}
