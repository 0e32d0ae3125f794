import { defineConfig } from 'vitest/config'

/** Real Label Studio, S3 and SMTP servers: they are slow to start, so one file runs after the other. */
export default defineConfig({
  test: {
    include: ['test/e2e/**/*.test.ts'],
    fileParallelism: false,
    testTimeout: 300_000,
    hookTimeout: 600_000,
    expect: { poll: { timeout: 60_000 } },
  },
})
