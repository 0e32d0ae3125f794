import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/e2e/**'],
    globalSetup: ['test/support/global-setup.ts'],
    // one more than by default where there are two processors: the tests mostly wait for their databases
    maxWorkers: Math.max(2, availableParallelism() - 1),
    setupFiles: ['test/support/property-seed.ts'],
    // a machine that is busy with something else may stand still for seconds; nothing here is about speed
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 60_000 } },
  },
})
