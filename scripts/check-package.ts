/**
 * Packs the npm package and checks it: publint checks package.json, and are-the-types-wrong checks the types of every
 * entry point. `npm run check:package`
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const CHECKS: readonly (readonly string[])[] = [
  ['publint', '--strict'],
  // Node 20.19 and later can require() ES modules, so the package has no CommonJS build.
  ['attw', '--profile', 'esm-only'],
]

const dir = mkdtempSync(join(tmpdir(), 'lander-package-'))
try {
  const packed = execFileSync('npm', ['pack', '--silent', '--pack-destination', dir], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const tarball = join(dir, packed.trim().split('\n').at(-1)!)
  for (const [tool, ...options] of CHECKS) {
    const { status } = spawnSync('npx', ['--no', tool!, '--', tarball, ...options], { stdio: 'inherit' })
    if (status !== 0) process.exitCode = 1
  }
} finally {
  rmSync(dir, { recursive: true, force: true })
}
