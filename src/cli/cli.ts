/** What a command has of the terminal around it. */
export interface Cli {
  readonly env: NodeJS.ProcessEnv
  /** The working directory: files and the configuration are looked for here. */
  readonly folder: string
  readonly input: AsyncIterable<Uint8Array>
  /** Results: standard output. */
  print(text: string): void
  /** Everything else that is for a person: standard error. */
  tell(text: string): void
  /** Whether a person watches standard error, so that progress may be shown there. */
  readonly isWatched: boolean
  /** 0: done. 1: done, and work is left for a person. 2: wrong use, bad input, or it cannot run here. */
  exitCode: 0 | 1 | 2
}

/** The terminal of this process. */
export function processCli(): Cli {
  // A reader that has enough (`| head`) closes the pipe; that is no failure of ours.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })
  return {
    env: process.env,
    folder: process.cwd(),
    input: process.stdin,
    print: (text) => process.stdout.write(`${text}\n`),
    tell: (text) => process.stderr.write(`${text}\n`),
    isWatched: process.stderr.isTTY === true,
    exitCode: 0
  }
}

/** Prints a result: as JSON for programs, or in words for people. */
export function printResult(cli: Cli, json: boolean | undefined, result: unknown, words: () => string): void {
  cli.print(json ? JSON.stringify(result, null, 2) : words())
}
