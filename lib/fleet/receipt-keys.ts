import { fromBase64url, toBase64url } from '../encoding/base64url.ts'
import { deriveReceiptKey, type FleetSecret } from '../trust/fleet-secret.ts'
import type { ReceiptTrust } from '../trust/receipt.ts'
import type { Fleet } from './fleet-file.ts'

/** The public half of a receipt key, in the form of the fleet file. */
export type PublicReceiptKey = Fleet['receiptKeys'][number]

/** The public receipt keys of a secret. Nothing else of the secret is ever published. */
export function publicReceiptKeys(secret: FleetSecret, fleet: string): PublicReceiptKey[] {
  return secret.epochs.map(({ epoch }) => ({
    epoch,
    publicKey: toBase64url(deriveReceiptKey(secret, fleet, epoch).publicKey),
  }))
}

/** Merges known and new keys by epoch. Keys of ended epochs are kept, because receipts stay valid. */
export function mergeReceiptKeys(
  known: readonly PublicReceiptKey[],
  found: readonly PublicReceiptKey[],
): PublicReceiptKey[] {
  const byEpoch = new Map([...known, ...found].map((key) => [key.epoch, key]))
  return [...byEpoch.values()].sort((a, b) => a.epoch - b.epoch)
}

/** The keys with which a fleet's receipts are verified. */
export function receiptTrustOf({ name, receiptKeys }: Pick<Fleet, 'name' | 'receiptKeys'>): ReceiptTrust {
  return { fleet: name, keys: new Map(receiptKeys.map(({ epoch, publicKey }) => [epoch, fromBase64url(publicKey)])) }
}
