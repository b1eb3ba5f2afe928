import { expect, test } from 'vitest'
import { withRemedy } from '../../scripts/terminal/remedies.ts'

test('a refusal without a remedy gets the remedy of its code', () => {
  for (const code of ['WRONG_REGION', 'ORDER_MISMATCH', 'BUNDLE_TRUNCATED', 'KEY_REVOKED', 'RECEIPT_MALFORMED'])
    expect(withRemedy({ code })).toEqual({ code, remedy: expect.stringMatching(/\w{3}/) })
})

test('a refusal’s own remedy stays, and an agent’s code gets none', () => {
  const own = { code: 'EXPIRED', remedy: 'wait' }
  expect(withRemedy(own)).toEqual(own)
  for (const code of ['AGENT_THREW', 'toString', '__proto__']) expect(withRemedy({ code })).toEqual({ code })
})
