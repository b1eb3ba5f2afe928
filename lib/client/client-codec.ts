/** The sender's end of the way between their own places and a fleet's regions. */
import { RefusedError } from '../errors.ts'
import type { BoundaryCodec } from '../host/boundary-codec.ts'
import type { SigningKey } from '../trust/keys.ts'
import { signState } from '../trust/state/author-signed.ts'
import { type ClientStateKey, openClientSealed } from '../trust/state/client-sealed.ts'
import type { VerifiedBundle } from '../trust/verified-bundle.ts'

export interface ClientCodecOptions {
  /** The keys at hand. Those that signed the code sign its state. */
  readonly authors: readonly SigningKey[]
  /** What the order of a mission names for its way to the client. */
  readonly keyOf: (mission: string) => ClientStateKey | undefined
  /** The fleet's receipt keys by epoch. */
  readonly receiptKeys: ReadonlyMap<number, Uint8Array>
}

export function createClientCodec({ authors, keyOf, receiptKeys }: ClientCodecOptions): BoundaryCodec {
  return {
    async seal(context, state, bundle) {
      return signState(context, state, signersOf(bundle, authors))
    },
    async open(stateRef, checks, { order }) {
      const key = keyOf(order.mission)
      if (key === undefined) throw new RefusedError('STATE_MISMATCH', 'the state is of a mission that is over')
      return openClientSealed(stateRef, { ...checks, key, receiptKeys, regions: order.regions })
    },
  }
}

/** A region would refuse any other signatures: better to hear it from here. */
function signersOf({ authors }: VerifiedBundle, keys: readonly SigningKey[]): SigningKey[] {
  return authors.map(({ keyId, name }) => {
    const key = keys.find((candidate) => candidate.keyId === keyId)
    if (key !== undefined) return key
    throw new RefusedError(
      'POLICY_DENIED',
      `the key of "${name}", which signed the code, is not at hand to sign state`,
      {
        remedy: 'give the launcher every key that signed the bundle, or start the agent in a region',
      },
    )
  })
}
