import { describe, expect, test } from 'vitest'
import { utf8 } from '../../lib/encoding/bytes.ts'
import { createPolicySource } from '../../lib/host/policy-source.ts'
import { createMemoryAgentBucket, POLICY_KEY } from '../../lib/objects/agent-bucket.ts'
import { withRevocation } from '../../lib/trust/grant.ts'
import type { KeyPolicy } from '../../lib/trust/key-policy.ts'
import type { SigningKey } from '../../lib/trust/keys.ts'
import { signPolicy } from '../../lib/trust/policy.ts'
import { alice, DAY_MS, mallory, NOW, policyOf, root } from '../trust/fixture.ts'

/** A region's agent bucket, a policy source that reads it, and a clock that the test controls. */
function setUp() {
  const agents = createMemoryAgentBucket()
  const clock = { now: NOW }
  const source = createPolicySource({ agents, rootKey: root.publicKey, fleet: 'default', now: () => clock.now })
  const publish = (policy: KeyPolicy, key: SigningKey = root) =>
    agents.put(POLICY_KEY, utf8(JSON.stringify(signPolicy(policy, key))))
  return { agents, clock, source, publish }
}

const first = policyOf({ version: 3 })
const revoked = withRevocation(first, alice.keyId, NOW)!

describe('the key policy of a place', () => {
  test('refuses a revoked key within a minute', async () => {
    const { clock, source, publish } = setUp()
    await publish(first)
    expect((await source.current()).keys.get(alice.keyId)?.status).toBe('active')
    await publish(revoked)
    clock.now += 60_000
    expect((await source.current()).keys.get(alice.keyId)?.status).toBe('revoked')
  })

  test('never accepts an older version, so a revoked key stays revoked', async () => {
    const { clock, source, publish } = setUp()
    await publish(revoked)
    await source.current()
    await publish(first)
    clock.now += 60_000
    expect(await source.current()).toMatchObject({ version: 4 })
    expect((await source.current()).keys.get(alice.keyId)?.status).toBe('revoked')
  })

  test('admits no agent without a policy', async () => {
    await expect(setUp().source.current()).rejects.toMatchObject({ code: 'POLICY_DENIED' })
  })

  test('admits no agent with a policy by another key', async () => {
    const { source, publish } = setUp()
    await publish(first, mallory)
    await expect(source.current()).rejects.toMatchObject({ code: 'KEY_UNKNOWN' })
  })

  test('admits no agent with a policy that is not JSON', async () => {
    const { agents, source } = setUp()
    await agents.put(POLICY_KEY, utf8('{'))
    await expect(source.current()).rejects.toMatchObject({ code: 'POLICY_MALFORMED' })
  })

  test('admits no agent with an expired policy', async () => {
    const { clock, source, publish } = setUp()
    await publish(first)
    clock.now = NOW + 90 * DAY_MS
    await expect(source.current()).rejects.toMatchObject({ code: 'EXPIRED' })
  })

  test('is only for its fleet', async () => {
    const { source, publish } = setUp()
    await publish(policyOf({ fleet: 'other' }))
    await expect(source.current()).rejects.toMatchObject({ code: 'WRONG_FLEET' })
  })
})
