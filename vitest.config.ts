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
    testTimeout: 30_000,
    hookTimeout: 60_000,
    projects: [
      { extends: true, test: { name: 'unit', include: ['test/**/*.test.ts'], exclude: ['test/e2e/**'] } },
      { extends: true, test: { name: 'e2e', include: ['test/e2e/**/*.test.ts'], testTimeout: 120_000 } },
    ],
  },
})
