/** The operator's copy of the key policy: one signed file, which the operator changes with the root key and publishes. */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { fromBase64url } from '../encoding/base64url.ts'
import { UsageError } from '../errors.ts'
import { writeFileAtomically } from '../files/write-file-atomically.ts'
import type { Fleet } from '../fleet/fleet-file.ts'
import { createPolicy } from '../trust/grant.ts'
import type { KeyPolicy } from '../trust/key-policy.ts'
import { keyIdOf, type SigningKey } from '../trust/keys.ts'
import { signPolicy } from '../trust/policy.ts'
import { verifyOwnPolicyFile } from '../trust/policy-file.ts'

type Owner = Pick<Fleet, 'name' | 'rootKey'>

/** A fleet's policy file. */
export interface PolicyFile {
  readonly policy: KeyPolicy
  /** The signed file, as it is published. */
  readonly bytes: Uint8Array
}

/**
 * Reads a fleet's policy file. An expired policy is accepted, so that the operator can renew it.
 *
 * @throws UsageError `FILE_NOT_FOUND`
 * @throws RefusedError if the fleet's root key did not sign it
 */
export async function readPolicyFile(path: string, { name, rootKey }: Owner): Promise<PolicyFile> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw new UsageError('FILE_NOT_FOUND', `key policy "${path}" can't be read`, {
      remedy: 'create one with lander trust add, or name another file with --policy',
      cause,
    })
  })
  return { policy: verifyOwnPolicyFile(bytes, { rootKey: fromBase64url(rootKey), fleet: name }), bytes }
}

export interface PolicyChange {
  readonly path: string
  readonly fleet: Owner
  readonly root: SigningKey
  readonly now: number
  /** Returns the next version of a policy. */
  readonly change: (policy: KeyPolicy) => KeyPolicy
}

/**
 * Changes a fleet's policy file and signs it again. If the file does not exist, it starts with a policy without keys.
 *
 * @throws UsageError `KEY_FILE_INVALID` if `root` is not the fleet's root key
 * @throws RefusedError if the root key did not sign the file, or the changed policy is invalid
 */
export async function changePolicyFile({ path, fleet, root, now, change }: PolicyChange): Promise<KeyPolicy> {
  requireRoot(root, fleet)
  const former = existsSync(path) ? (await readPolicyFile(path, fleet)).policy : createPolicy(fleet.name, now)
  const policy = change(former)
  await writeFileAtomically(path, `${JSON.stringify(signPolicy(policy, root), undefined, 2)}\n`)
  return policy
}

function requireRoot(root: SigningKey, { name, rootKey }: Owner): void {
  const expected = keyIdOf(fromBase64url(rootKey))
  if (root.keyId === expected) return
  throw new UsageError('KEY_FILE_INVALID', `key ${root.keyId} is not the root key of fleet "${name}"`, {
    remedy: `name the private key of ${expected} with --root`,
  })
}
