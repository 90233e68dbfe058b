import { existsSync, mkdirSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

/** A folder cannot be made where the configuration wants it. */
export class FolderNotMade extends Error {
  override readonly name = 'FolderNotMade'
}

/**
 * Makes a folder and the ones above it that are missing. Node's own recursive way never returns where a file system refuses with
 * ENOENT, as /proc does.
 */
export function makeFolder(path: string, mode: number): void {
  const missing: string[] = []
  for (let at = resolve(path); !existsSync(at); at = dirname(at)) missing.unshift(at)
  for (const folder of missing) {
    try {
      mkdirSync(folder, { mode })
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException
      if (code === 'EEXIST') continue
      throw new FolderNotMade(
        `The data folder ${path} cannot be made (${code}). Set LIGATURE_DATA to a folder that you may write.`,
        { cause }
      )
    }
  }
}
