import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { defineConfig, type TestProjectConfiguration } from 'vitest/config'

const lib = (room: string) => fileURLToPath(new URL(`./lib/${room}`, import.meta.url))

const unit: TestProjectConfiguration = {
  extends: true,
  test: {
    name: 'unit',
    include: ['test/**/*.test.ts'],
    exclude: ['test/e2e/**', 'test/**/*.long.test.ts'],
    // Files share processes: most take less time than a process and its imports. `restore.ts` undoes what a file changed.
    isolate: false,
    setupFiles: ['./test/support/restore.ts'],
    sequence: { groupOrder: 1 },
  },
}

const e2e: TestProjectConfiguration = {
  extends: true,
  test: {
    name: 'e2e',
    include: ['test/e2e/**/*.test.ts'],
    globalSetup: ['./test/support/build-programs.ts'],
    testTimeout: 120_000,
  },
}

/** `npm run test:long`: runs against other tools, and tests whose long form checks more cases. */
const long: TestProjectConfiguration = {
  extends: true,
  test: {
    name: 'long',
    include: ['test/**/*.long.test.ts', ...filesWithLongForm()],
    env: { LANDER_LONG: 'true' },
    testTimeout: 600_000,
  },
}

/** The test files that import `test/support/long.ts`. */
function filesWithLongForm(): string[] {
  const files = readdirSync('test', { recursive: true, encoding: 'utf8' }).map((file) => `test/${file}`)
  return files.filter((file) => file.endsWith('.test.ts') && readFileSync(file, 'utf8').includes("/support/long.ts'"))
}

export default defineConfig(({ mode }) => ({
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
    projects: mode === 'long' ? [long] : [unit, e2e],
  },
}))
