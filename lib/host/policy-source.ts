import { RefusedError } from '../errors.ts'
import { type AgentBucket, POLICY_KEY } from '../objects/agent-bucket.ts'
import { createKeyring, type Keyring } from '../trust/keyring.ts'
import { MAX_POLICY_FILE_BYTES, verifyPolicyFile } from '../trust/policy-file.ts'

/** Provides the keys that a fleet trusts now. */
export interface PolicySource {
  current(): Promise<Keyring>
}

export interface PolicySourceOptions {
  readonly agents: AgentBucket
  readonly rootKey: Uint8Array
  readonly fleet: string
  readonly now: () => number
  /** How long a policy is cached: a revocation takes effect within this time. @default 30 s */
  readonly maxAgeMs?: number
}

/**
 * Reads the policy from the agent bucket, at most once in `maxAgeMs`, and never returns an older version than it has
 * seen. If the policy can't be read, no agent is admitted.
 */
export function createPolicySource(options: PolicySourceOptions): PolicySource {
  const { agents, rootKey, fleet, now, maxAgeMs = 30_000 } = options
  let held: { keyring: Keyring; readAt: number } | undefined

  async function read(): Promise<Keyring> {
    const bytes = await agents.get(POLICY_KEY, MAX_POLICY_FILE_BYTES)
    if (bytes === undefined) {
      throw new RefusedError('POLICY_DENIED', `fleet "${fleet}" has no key policy in this region`, {
        remedy: 'publish one with lander trust publish',
      })
    }
    const policy = verifyPolicyFile(bytes, { rootKey, fleet, now: now() })
    // Restoring an older policy must not bring a revoked key back.
    return held !== undefined && policy.version < held.keyring.version ? held.keyring : createKeyring(policy)
  }

  return {
    async current() {
      if (held !== undefined && now() - held.readAt < maxAgeMs) return held.keyring
      held = { keyring: await read(), readAt: now() }
      return held.keyring
    },
  }
}
