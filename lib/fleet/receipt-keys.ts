import { fromBase64url, toBase64url } from '../encoding/base64url.ts'
import { deriveReceiptKey, type FleetSecret } from '../trust/fleet-secret.ts'
import type { ReceiptTrust } from '../trust/receipt.ts'
import type { Fleet } from './fleet-file.ts'

/** The public half of a receipt key, as a fleet file has it. */
export type PublicReceiptKey = Fleet['receiptKeys'][number]

/** The public receipt keys of a secret: all of it that ever leaves. */
export function publicReceiptKeys(secret: FleetSecret, fleet: string): PublicReceiptKey[] {
  return secret.epochs.map(({ epoch }) => ({
    epoch,
    publicKey: toBase64url(deriveReceiptKey(secret, fleet, epoch).publicKey),
  }))
}

/** Known keys and new ones, by epoch: a key stays when its epoch is over, since receipts outlive it. */
export function mergeReceiptKeys(
  known: readonly PublicReceiptKey[],
  found: readonly PublicReceiptKey[],
): PublicReceiptKey[] {
  const byEpoch = new Map([...known, ...found].map((key) => [key.epoch, key]))
  return [...byEpoch.values()].sort((a, b) => a.epoch - b.epoch)
}

/** Whose receipts a fleet's owner believes. */
export function receiptTrustOf({ name, receiptKeys }: Pick<Fleet, 'name' | 'receiptKeys'>): ReceiptTrust {
  return { fleet: name, keys: new Map(receiptKeys.map(({ epoch, publicKey }) => [epoch, fromBase64url(publicKey)])) }
}
