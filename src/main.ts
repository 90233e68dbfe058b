#!/usr/bin/env node
/** The `ligature` command. */

const oldest = 24

if (Number(process.versions.node.split('.')[0]) < oldest) {
  process.stderr.write(
    `ligature needs Node ${oldest} or later, and this is ${process.version}. ` +
      'Node 24 comes with the packages: run `npx ligature` or an npm script in the clone, after `npm ci`.\n'
  )
  process.exit(2)
}

// Imported only now: older versions would fail in the midst of loading, and say nothing useful.
const { runCli } = await import('./cli/run-cli.ts')
await runCli(process.argv)

export {}
