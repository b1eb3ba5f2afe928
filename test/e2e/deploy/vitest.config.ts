import { resolve } from 'node:path'
import { defineConfig } from 'vitest/config'

/** Apart from the other end-to-end tests: it needs Python and moto, which come with a machine and not with npm. */
export default defineConfig({
  root: resolve(import.meta.dirname, '../../..'),
  test: {
    include: ['test/e2e/deploy/*.spec.ts'],
    reporters: ['verbose', './test/support/count-reporter.ts'],
    testTimeout: 120_000,
    hookTimeout: 60_000,
    // One deployment, step by step: after a failed step the next ones say nothing.
    bail: 1,
  },
})
