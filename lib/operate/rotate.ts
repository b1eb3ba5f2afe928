import type { SecretStore } from '../aws/secret-store.ts'
import type { Fleet } from '../fleet/fleet.ts'
import { mergeReceiptKeys, publicReceiptKeys } from '../fleet/receipt-keys.ts'
import { formatFleetSecret, parseFleetSecret, type RotationOptions, rotateSecret } from '../trust/fleet-secret.ts'

export interface RotateOptions extends RotationOptions {
  readonly store: SecretStore
  readonly now: number
}

export interface Rotation {
  /** The epoch that seals and signs from now on. */
  readonly epoch: number
  /** When the former epoch ends, in milliseconds since 1970; absent when it ended at once. */
  readonly formerUntil?: number
  /** With the receipt key of the new epoch. */
  readonly fleet: Fleet
  /** The secret's new text, for functions that can't fetch it. */
  readonly secret: string
}

/**
 * Gives a fleet's secret a new epoch. Functions take it up within five minutes, or with the first box of the new epoch;
 * boxes of the former one open while agents may be on their way.
 *
 * @throws UsageError `USAGE` while a former rotation goes on
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
