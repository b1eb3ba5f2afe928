import type { JobResult } from '../sandbox/contract/job.ts'
import { deriveReceiptKey } from '../trust/fleet-secret.ts'
import type { SigningKey } from '../trust/keys.ts'
import { type ReceiptDraft, resultDigest, summarizeObjects } from '../trust/receipt.ts'
import type { VerifiedBundle } from '../trust/verified-bundle.ts'
import type { BranchProgress } from './branch-progress.ts'
import type { Invocation } from './invocation.ts'
import type { SecretSource } from './secret-source.ts'

/** A fleet's receipt key of one epoch. */
export interface ReceiptKey {
  readonly epoch: number
  readonly key: SigningKey
}

/** Provides the keys that receipts are signed with. */
export interface ReceiptKeys {
  /** The key of the current epoch, which signs. */
  current(): Promise<ReceiptKey>
  /** The keys of every epoch in the fleet's secret, the latest last. */
  all(): Promise<readonly ReceiptKey[]>
}

/** Derives a fleet's receipt keys from its secret and caches them. */
export function createReceiptKeys({ secret, fleet }: { secret: SecretSource; fleet: string }): ReceiptKeys {
  // By master key, not by epoch: a new secret starts again at epoch 1.
  const derived = new Map<string, ReceiptKey>()
  async function all(): Promise<ReceiptKey[]> {
    const value = await secret.current()
    return value.epochs.map(({ epoch, key }) => {
      const known = derived.get(key) ?? { epoch, key: deriveReceiptKey(value, fleet, epoch) }
      derived.set(key, known)
      return known
    })
  }
  return { all, current: async () => (await all()).at(-1)! }
}

/** One landing, from admission to outcome. */
export interface Landed {
  readonly bundle: VerifiedBundle
  readonly entry: NonNullable<Invocation['entry']>
  readonly branchProgress: BranchProgress
  readonly result: JobResult
  readonly fleet: string
  readonly region: string
  readonly startedAt: number
  readonly endedAt: number
}

/** The receipt of a landing, before it is signed. */
export function draftReceipt({ bundle, branchProgress, result, ...landing }: Landed): ReceiptDraft {
  const { order, authors, sender } = bundle
  const { outcome, usage, reads } = result
  return {
    ...landing,
    mission: order.mission,
    branch: branchProgress.branch,
    sequence: branchProgress.sequence,
    manifest: bundle.manifestDigest,
    authors: authors.map(({ keyId }) => keyId),
    sender: sender.keyId,
    input: order.input,
    policy: bundle.policy,
    limits: bundle.limits,
    objects: summarizeObjects(reads),
    bytesReturned: usage.bytesReturned,
    // A copy's result is only for the agent that sent it, so the receipt does not show it.
    outcome: branchProgress.origin === undefined ? outcome.kind : 'departed',
    result: branchProgress.origin === undefined && outcome.kind === 'completed' ? resultDigest(outcome.value) : null,
    previous: branchProgress.receipt,
  }
}
