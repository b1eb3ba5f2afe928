import type { SecretStore } from '../aws/secret-store.ts'
import type { Fleet } from '../fleet/fleet-file.ts'
import { mergeReceiptKeys, publicReceiptKeys } from '../fleet/receipt-keys.ts'
import { formatFleetSecret, parseFleetSecret, type RotationOptions, rotateSecret } from '../trust/fleet-secret.ts'

export interface RotateOptions extends RotationOptions {
  readonly store: SecretStore
  readonly now: number
}

export interface Rotation {
  /** The new epoch, which seals states and signs receipts from now on. */
  readonly epoch: number
  /** When the previous epoch ends, in milliseconds since 1970. Absent if it has ended. */
  readonly formerUntil?: number
  /** The fleet with the receipt key of the new epoch. */
  readonly fleet: Fleet
  /** The new text of the secret, for functions that can't fetch it. */
  readonly secret: string
}

/**
 * Starts a new epoch of a fleet's secret. Functions load it within five minutes, or when they get the first state that
 * was sealed with it. The previous epoch opens states until all orders of its time have expired.
 *
 * @throws UsageError `USAGE` if the previous rotation has not ended
 * @throws UnreachableError `SECRET_UNAVAILABLE`
 */
export async function rotateFleet(fleet: Fleet, { store, now, ...options }: RotateOptions): Promise<Rotation> {
  const next = rotateSecret(parseFleetSecret(await store.read()), now, options)
  const secret = formatFleetSecret(next)
  await store.write(secret)
  const receiptKeys = mergeReceiptKeys(fleet.receiptKeys, publicReceiptKeys(next, fleet.name))
  const former = next.epochs.at(-2)?.notAfter
  return {
    epoch: next.epochs.at(-1)!.epoch,
    ...(former !== undefined && { formerUntil: former }),
    fleet: { ...fleet, receiptKeys },
    secret,
  }
}
