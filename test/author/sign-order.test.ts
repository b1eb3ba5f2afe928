import { describe, expect, test } from 'vitest'
import { signOrderFor } from '../../lib/author/sign-order.ts'
import type { Manifest } from '../../lib/bundle/manifest.ts'
import { FORMAT_VERSION } from '../../lib/format-version.ts'
import { DEFAULT_LIMITS } from '../../lib/limits.ts'
import { generateKey } from '../../lib/trust/keys.ts'

const NOW = 1_800_000_000_000
const DIGEST = 'A'.repeat(43)
const manifest: Manifest = {
  lander: FORMAT_VERSION,
  name: 'count.ts',
  engine: DIGEST,
  abi: 1,
  entries: [{ name: 'main.js', role: 'main', bytes: 1, stored: 1, sha256: DIGEST }],
  scopes: [],
  limits: DEFAULT_LIMITS,
  compiles: false,
  audience: { fleet: '*', regions: ['*'] },
  issuedAt: NOW,
  notBefore: NOW,
  expiresAt: NOW + 1000,
}
const request = { manifest, fleet: 'local', regions: ['eu-west-1'], input: 'null', sender: generateKey(), now: NOW }

describe('signOrderFor', () => {
  test('signs an order as wide as its manifest', () => {
    expect(signOrderFor(request).mission).toMatch(/^[\w-]{22}$/)
  })

  test('says that a bundle has expired, and what to do', () => {
    expect(() => signOrderFor({ ...request, now: NOW + 1000 })).toThrow(
      expect.objectContaining({ code: 'EXPIRED', remedy: expect.stringContaining('pack') }),
    )
  })

  test('asks for nothing above what the author signed, and trims nothing in silence', () => {
    const draft = { limits: { wallMs: DEFAULT_LIMITS.wallMs + 1 } }
    expect(() => signOrderFor({ ...request, draft })).toThrow(
      expect.objectContaining({ code: 'USAGE', message: expect.stringContaining('wallMs') }),
    )
  })
})
