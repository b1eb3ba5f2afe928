import { expect, test } from 'vitest'
import { mergeReceiptKeys, publicReceiptKeys, receiptTrustOf } from '../../lib/fleet/receipt-keys.ts'
import { createFleetSecret, deriveReceiptKey, rotateSecret } from '../../lib/trust/fleet-secret.ts'

const first = createFleetSecret()
const second = rotateSecret(first, 0)

test('gives the public keys of all epochs of a secret', () => {
  const keys = receiptTrustOf({ name: 'sales', receiptKeys: publicReceiptKeys(second, 'sales') })
  expect(keys).toEqual({
    fleet: 'sales',
    keys: new Map([1, 2].map((epoch) => [epoch, deriveReceiptKey(second, 'sales', epoch).publicKey])),
  })
})

test('keeps the key of an epoch that has ended', () => {
  const third = rotateSecret(second, 0, { overlapMs: 0 })
  const keys = mergeReceiptKeys(publicReceiptKeys(second, 'sales'), publicReceiptKeys(third, 'sales'))
  expect(keys.map(({ epoch }) => epoch)).toEqual([1, 2, 3])
})
