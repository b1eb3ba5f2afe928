/** The API reference is made of docstrings, so every public export has one, and every link in them leads somewhere. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** What `npm run docs` would complain of. */
function complaintsOf(...options: readonly string[]): string[] {
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ['node_modules/typedoc/bin/typedoc', '--emit', 'none', ...options],
    { cwd: ROOT, encoding: 'utf8', env: { ...process.env, NO_COLOR: '1' } },
  )
  expect(status, stderr).not.toBeNull()
  return `${stdout}\n${stderr}`.split('\n').filter((line) => /does not have any documentation|links to/.test(line))
}

test('every public export has a docstring', { timeout: 300_000 }, () => {
  expect(complaintsOf()).toEqual([])
})

test('a public export without one is noticed', { timeout: 300_000 }, () => {
  const complaints = complaintsOf('--options', 'test/docs/undocumented/typedoc.json')
  expect(complaints).toEqual([expect.stringContaining('undocumented (CallSignature)')])
})
