import type { Cli } from './cli.ts'

/** A line on the terminal that tells how far long work is; nothing where nobody watches. */
export interface Progress {
  tell(progress: { readonly connection: string; readonly entity: string; readonly seen: number; readonly total?: number }): void
  /** Removes the line. */
  end(): void
}

const width = 24

export function showProgress(cli: Cli, write: (text: string) => void = (text) => void process.stderr.write(text)): Progress {
  if (!cli.isWatched) return { tell() {}, end() {} }
  return {
    tell({ connection, entity, seen, total }) {
      const share = total === undefined || total === 0 ? undefined : Math.min(1, seen / total)
      const bar = share === undefined ? '' : `[${'#'.repeat(Math.round(share * width)).padEnd(width, '.')}] `
      write(`\r\u001b[K${bar}${connection} ${entity} ${seen}${total === undefined ? '' : ` of ${total}`}`)
    },
    end: () => write('\r\u001b[K')
  }
}
