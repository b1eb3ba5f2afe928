import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { toBase64url } from '../../lib/encoding/base64url.ts'
import { changePolicyFile, readPolicyFile } from '../../lib/operate/operator-policy-file.ts'
import { createGrant, withGrant } from '../../lib/trust/grant.ts'
import { signPolicy } from '../../lib/trust/policy.ts'
import { alice, DAY_MS, mallory, NOW, policyOf, root } from '../trust/fixture.ts'

const fleet = { name: 'default', rootKey: toBase64url(root.publicKey) }
const trustAlice = { fleet, root, now: NOW, change: (policy: ReturnType<typeof policyOf>) => grantTo(policy) }

function grantTo(policy: ReturnType<typeof policyOf>) {
  return withGrant(policy, createGrant(alice.publicKey, 'default', { name: 'alice', now: NOW }), NOW)
}

let dir: string
let path: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'lander-policy-'))
  path = join(dir, 'policy.json')
})
afterEach(() => rm(dir, { recursive: true }))

describe('a policy file', () => {
  test('starts without keys, and its version increases with every change', async () => {
    const first = await changePolicyFile({ ...trustAlice, path })
    const second = await changePolicyFile({ ...trustAlice, path })
    expect([first.version, second.version]).toEqual([2, 3])
    expect((await readPolicyFile(path, fleet)).policy).toEqual(second)
  })

  test('can be expired: a change renews it', async () => {
    await writeFile(path, JSON.stringify(signPolicy(policyOf({ expiresAt: NOW + 1 }), root)))
    const renewed = await changePolicyFile({ ...trustAlice, path, now: NOW + DAY_MS })
    expect(renewed.expiresAt).toBeGreaterThan(NOW + DAY_MS)
  })

  test('is changed with the root key only', async () => {
    await expect(changePolicyFile({ ...trustAlice, path, root: mallory })).rejects.toMatchObject({
      code: 'KEY_FILE_INVALID',
    })
    await expect(readFile(path)).rejects.toThrow()
  })

  test('by another root key is refused', async () => {
    await writeFile(path, JSON.stringify(signPolicy(policyOf(), mallory)))
    await expect(changePolicyFile({ ...trustAlice, path })).rejects.toMatchObject({ code: 'KEY_UNKNOWN' })
  })

  test('of another fleet is refused', async () => {
    await writeFile(path, JSON.stringify(signPolicy(policyOf({ fleet: 'other' }), root)))
    await expect(changePolicyFile({ ...trustAlice, path })).rejects.toMatchObject({ code: 'WRONG_FLEET' })
  })

  test('that is missing is reported with the command that creates one', async () => {
    await expect(readPolicyFile(path, fleet)).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' })
  })
})
