/** Two transactions met: a resource or link was written by another one meanwhile. Reading again settles it. */

const tries = 5

/** Runs a transaction, and again from its beginning when it collided. */
export async function repeatOnCollision<T>(transaction: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await transaction()
    } catch (error) {
      if (attempt === tries || !isCollision(error)) throw error
    }
  }
}

/** A version that no longer holds, a key that another one took, a serialization failure, a deadlock. */
function isCollision(error: unknown): boolean {
  const { name, code } = error as { name?: unknown; code?: unknown }
  return name === 'VersionConflict' || code === '23505' || code === '40001' || code === '40P01'
}
