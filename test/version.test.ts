import { expect, test } from 'vitest'
import { VERSION } from '../lib/version.ts'
import manifest from '../package.json' with { type: 'json' }

test('a client and a fleet tell each other the version of the package', () => {
  expect(VERSION).toBe(manifest.version)
})
