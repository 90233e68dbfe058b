import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts', 'mappings/**/*.test.ts'],
    pool: 'forks',
    globalSetup: ['test/support/postgres.ts'],
    testTimeout: 20_000,
    hookTimeout: 20_000,
    typecheck: { include: ['test/**/*.test-d.ts'], tsconfig: 'tsconfig.json' }
  }
})
