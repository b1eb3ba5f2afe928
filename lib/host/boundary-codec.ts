/**
 * State that crosses between a fleet's regions and the sender's own places. They share no secret: what comes from a
 * place of the sender's own is signed by the code's authors, and what goes there is sealed for this one mission.
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

/** How a place deals with the other side. */
export interface BoundaryCodec {
  /** Makes a box for a place of the other side. */
  seal(context: Omit<StateHeader, 'epoch'>, state: TravellingState, bundle: VerifiedBundle): Promise<Uint8Array>
  /** Opens a box from there. @throws RefusedError with the code of the first check that failed */
  open(stateRef: Uint8Array, checks: StateChecks, bundle: VerifiedBundle): Promise<OpenedState>
}

/** Whether the way between two places of a mission leads from the fleet to the sender's own places, or back. */
export function crossesBoundary({ clientPlaces }: Order, from: string, to: string): boolean {
  const isOwn = (place: string) => clientPlaces?.places.includes(place) ?? false
  return isOwn(from) !== isOwn(to)
}

/** The sender's own places that an agent may go to from a place which is one of them, or is not. */
export function reachableClientPlaces(bundle: VerifiedBundle, isClientPlace: boolean): readonly string[] {
  return isClientPlace || mayExportState(bundle) ? (bundle.order.clientPlaces?.places ?? []) : []
}

/** Whether an agent may go from one place of its mission to another. */
export function mayGo(
  bundle: VerifiedBundle,
  { isClientPlace = false }: { readonly isClientPlace?: boolean },
  to: string,
): boolean {
  return bundle.order.regions.includes(to) || reachableClientPlaces(bundle, isClientPlace).includes(to)
}

/** Whether a box came from the other side, by its first bytes. */
export function hasCrossedBoundary(stateRef: Uint8Array): boolean {
  return isAuthorSigned(stateRef) || isClientSealed(stateRef)
}

export interface RegionCodecOptions {
  readonly receipts: ReceiptKeys
  readonly policy: PolicySource
}

/** A region's end of the way. */
export function createRegionCodec({ receipts, policy }: RegionCodecOptions): BoundaryCodec {
  return {
    async seal(context, state, bundle) {
      const { clientPlaces } = bundle.order
      if (clientPlaces === undefined) throw new InternalError('the order names no places of the sender’s own')
      // A copy's answer is a result, and bounded like one; an agent's heap may hold whatever it has read.
      if (context.kind === 'agent' && !mayExportState(bundle))
        throw new RefusedError('POLICY_DENIED', 'the state may not leave the regions', {
          remedy: 'pack the agent with --export-state, and trust its keys with --export-state',
        })
      return sealForClient(context, state, {
        recipient: fromBase64url(clientPlaces.key),
        signer: await receipts.current(),
      })
    },
    async open(stateRef, checks, bundle) {
      const { authors, order } = bundle
      const keyring = await policy.current()
      return openAuthorSigned(stateRef, { ...checks, keyring, authors, clientPlaces: order.clientPlaces?.places ?? [] })
    },
  }
}
