import { expect, test } from 'vitest'
import { createGrant, createPolicy, withGrant, withRevocation } from '../../lib/trust/grant.ts'
import { generateKey } from '../../lib/trust/keys.ts'
import { signPolicy, verifyPolicy } from '../../lib/trust/policy.ts'

const NOW = 1_800_000_000_000
const key = generateKey()
const grant = createGrant(key.publicKey, 'sales', { name: 'ada', now: NOW })
const policy = withGrant(createPolicy('sales', NOW), grant, NOW)

test('a granted policy is one that functions accept', () => {
  const root = generateKey()
  const envelope = signPolicy(policy, root)
  expect(verifyPolicy(envelope, { rootKey: root.publicKey, fleet: 'sales', now: NOW })).toEqual(policy)
})

test('every change is a new version', () => {
  expect(policy.version).toBe(2)
  expect(withRevocation(policy, key.keyId, NOW)?.version).toBe(3)
})

test('a second grant for a key replaces the first', () => {
  const narrower = { ...grant, regions: ['eu-west-1'] }
  expect(withGrant(policy, narrower, NOW).keys).toEqual([narrower])
})

test('a revoked key stays in the policy, as revoked, and no grant brings it back', () => {
  const revoked = withRevocation(policy, key.keyId, NOW)!
  expect(revoked.keys).toMatchObject([{ keyId: key.keyId, status: 'revoked' }])
  expect(() => withGrant(revoked, grant, NOW)).toThrow(expect.objectContaining({ code: 'USAGE' }))
})

test('an unknown key can’t be revoked', () => {
  expect(withRevocation(policy, generateKey().keyId, NOW)).toBeUndefined()
})
