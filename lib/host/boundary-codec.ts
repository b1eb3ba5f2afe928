/**
 * State that crosses the boundary between a fleet's regions and client places. The two sides share no secret: a state
 * from a client place is signed by the code's authors, and a state for a client place is encrypted to a key of the
 * mission.
 */
import { fromBase64url } from '../encoding/base64url.ts'
import { InternalError, RefusedError } from '../errors.ts'
import { mayExportState } from '../trust/authorise.ts'
import type { Order } from '../trust/order.ts'
import { isAuthorSigned, openAuthorSigned } from '../trust/state/author-signed.ts'
import { isClientSealed, sealForClient } from '../trust/state/client-sealed.ts'
import type { OpenedState, StateChecks, StateHeader, TravellingState } from '../trust/state/format.ts'
import type { VerifiedBundle } from '../trust/verified-bundle.ts'
import type { PolicySource } from './policy-source.ts'
import type { ReceiptKeys } from './receipts.ts'

/** Makes and opens states that cross the boundary. */
export interface BoundaryCodec {
  /** Seals a state for a place on the other side. */
  seal(context: Omit<StateHeader, 'epoch'>, state: TravellingState, bundle: VerifiedBundle): Promise<Uint8Array>
  /** Opens a state from the other side. @throws RefusedError with the code of the first check that failed */
  open(sealed: Uint8Array, checks: StateChecks, bundle: VerifiedBundle): Promise<OpenedState>
}

/** Whether one of two places of a mission is a client place and the other a region. */
export function crossesBoundary({ clientPlaces }: Order, from: string, to: string): boolean {
  const isClientPlace = (place: string) => clientPlaces?.places.includes(place) ?? false
  return isClientPlace(from) !== isClientPlace(to)
}

/** The client places that an agent may move to from a client place or from a region. */
export function reachableClientPlaces(bundle: VerifiedBundle, isClientPlace: boolean): readonly string[] {
  return isClientPlace || mayExportState(bundle) ? (bundle.order.clientPlaces?.places ?? []) : []
}

/** Whether an agent may move from this place to another. */
export function mayGo(
  bundle: VerifiedBundle,
  { isClientPlace = false }: { readonly isClientPlace?: boolean },
  to: string,
): boolean {
  return bundle.order.regions.includes(to) || reachableClientPlaces(bundle, isClientPlace).includes(to)
}

/** Whether a state comes from the other side, according to its first bytes. */
export function hasCrossedBoundary(sealed: Uint8Array): boolean {
  return isAuthorSigned(sealed) || isClientSealed(sealed)
}

export interface RegionCodecOptions {
  readonly receipts: ReceiptKeys
  readonly policy: PolicySource
}

/** The codec of a region. */
export function createRegionCodec({ receipts, policy }: RegionCodecOptions): BoundaryCodec {
  return {
    async seal(context, state, bundle) {
      const { clientPlaces } = bundle.order
      if (clientPlaces === undefined) throw new InternalError('the order names no client places')
      // A copy's answer is a result, with a bounded size. An agent's heap may contain everything it has read.
      if (context.kind === 'agent' && !mayExportState(bundle))
        throw new RefusedError('POLICY_DENIED', 'the state may not leave the regions', {
          remedy: 'pack the agent with --export-state, and trust its keys with --export-state',
        })
      return sealForClient(context, state, {
        recipient: fromBase64url(clientPlaces.key),
        signer: await receipts.current(),
      })
    },
    async open(sealed, checks, bundle) {
      const { authors, order } = bundle
      const keyring = await policy.current()
      return openAuthorSigned(sealed, { ...checks, keyring, authors, clientPlaces: order.clientPlaces?.places ?? [] })
    },
  }
}
