import { expect, test } from 'vitest'
import { verifyPolicy } from '../../lib/trust/policy.ts'
import { runInBrowser } from '../support/browser.ts'
import { alice, bundleOf, NOW, policyOf, root } from './fixture.ts'

const preamble = `
  import * as trust from './lib/trust/index.ts'
  import { keyFromSeed } from './lib/trust/keys.ts'
  const key = (byte) => keyFromSeed(new Uint8Array(32).fill(byte))
`

test('a browser signs a policy that a place accepts, and refuses one that was changed', async () => {
  const { envelope, refused } = await runInBrowser<{ envelope: unknown; refused: string }>(`${preamble}
    const envelope = trust.signPolicy(${JSON.stringify(policyOf())}, key(1))
    const check = (policy) => trust.verifyPolicy(policy, { rootKey: key(1).publicKey, fleet: 'default', now: ${NOW} })
    check(envelope)
    let refused
    try { check({ ...envelope, payload: envelope.payload.replace('A', 'B') }) } catch (error) { refused = error.code }
    globalThis.result = { envelope, refused }
  `)
  const plain = JSON.parse(JSON.stringify(envelope))
  expect(verifyPolicy(plain, { rootKey: root.publicKey, fleet: 'default', now: NOW })).toEqual(policyOf())
  expect(refused).toBe('SIGNATURE_INVALID')
})

test('a browser makes keys and orders', async () => {
  const { keyId, keyIdOfAlice, order } = await runInBrowser<{
    keyId: string
    keyIdOfAlice: string
    order: string
  }>(`${preamble}
    const manifest = ${JSON.stringify(bundleOf().manifest)}
    const order = trust.createOrder({ manifest, input: '{}', now: ${NOW} })
    const { payload } = trust.parseEnvelope(trust.signOrder(order, key(2)))
    globalThis.result = { keyId: trust.generateKey().keyId, keyIdOfAlice: key(2).keyId, order: trust.parseOrder(payload).fleet }
  `)
  expect(keyId).toMatch(/^[\w-]{22}$/)
  expect(keyIdOfAlice).toBe(alice.keyId)
  expect(order).toBe('default')
})
