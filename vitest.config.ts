import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const lib = (room: string) => fileURLToPath(new URL(`./lib/${room}`, import.meta.url))

export default defineConfig({
  resolve: {
    alias: [
      { find: /^lander\/(agent|gravity|trust)$/, replacement: `${lib('$1')}/index.ts` },
      { find: /^lander\/testing$/, replacement: lib('local/index.ts') },
      { find: /^lander$/, replacement: lib('index.ts') },
    ],
  },
  test: {
    reporters: ['default', './test/support/count-reporter.ts'],
    globalSetup: ['./test/support/assets.ts'],
    env: { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' },
    // Vitest's default leaves one core idle, which is half of a small machine.
    maxWorkers: '100%',
    testTimeout: 30_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/e2e/**'],
          // Most files take less time than a new process and its imports. `restore.ts` undoes what a file leaves behind.
          isolate: false,
          setupFiles: ['./test/support/restore.ts'],
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          globalSetup: ['./test/support/build-programs.ts'],
          testTimeout: 120_000,
        },
      },
    ],
  },
})
