/**
 * State that crosses between a fleet's regions and the sender's own places. They share no secret: what comes from a
 * place of the sender's own is signed by the code's authors, and what goes there is sealed for this one mission.
 */
import { fromBase64url } from '../encoding/base64url.ts'
import { InternalError, RefusedError } from '../errors.ts'
import { mayComeHome } from '../trust/authorise.ts'
import type { Order } from '../trust/order.ts'
import { isSignedState, openSignedState } from '../trust/state/author-signed.ts'
import { isHomecomingState, sealHomecoming } from '../trust/state/client-sealed.ts'
import type { BoxChecks, OpenedState, StateHeader, TravellingState } from '../trust/state/format.ts'
import type { VerifiedBundle } from '../trust/verified-bundle.ts'
import type { PolicySource } from './policy-source.ts'
import type { ReceiptKeys } from './receipts.ts'

/** How a place deals with the other side. */
export interface Crossing {
  /** Makes a box for a place of the other side. */
  seal(context: Omit<StateHeader, 'epoch'>, state: TravellingState, bundle: VerifiedBundle): Promise<Uint8Array>
  /** Opens a box from there. @throws RefusedError with the code of the first check that failed */
  open(box: Uint8Array, checks: BoxChecks, bundle: VerifiedBundle): Promise<OpenedState>
}

/** Whether the way between two places of a mission leads from the fleet to the sender's own places, or back. */
export function isCrossing({ own }: Order, from: string, to: string): boolean {
  const isOwn = (place: string) => own?.places.includes(place) ?? false
  return isOwn(from) !== isOwn(to)
}

/** The sender's own places that an agent may go to from a place which is one of them, or is not. */
export function reachableOwn(bundle: VerifiedBundle, own: boolean): readonly string[] {
  return own || mayComeHome(bundle) ? (bundle.order.own?.places ?? []) : []
}

/** Whether an agent may go from one place of its mission to another. */
export function mayGo(bundle: VerifiedBundle, { own = false }: { readonly own?: boolean }, to: string): boolean {
  return bundle.order.regions.includes(to) || reachableOwn(bundle, own).includes(to)
}

/** Whether a box came from the other side, by its first bytes. */
export function hasCrossed(box: Uint8Array): boolean {
  return isSignedState(box) || isHomecomingState(box)
}

export interface RegionCrossingOptions {
  readonly receipts: ReceiptKeys
  readonly policy: PolicySource
}

/** A region's end of the way. */
export function createRegionCrossing({ receipts, policy }: RegionCrossingOptions): Crossing {
  return {
    async seal(context, state, bundle) {
      const { own } = bundle.order
      if (own === undefined) throw new InternalError('the order names no places of the sender’s own')
      // A copy's answer is a result, and bounded like one; an agent's heap may hold whatever it has read.
      if (context.kind === 'agent' && !mayComeHome(bundle))
        throw new RefusedError('POLICY_DENIED', 'the state may not leave the regions', {
          remedy: 'pack the agent with --homecoming, and trust its keys with --homecoming',
        })
      return sealHomecoming(context, state, { recipient: fromBase64url(own.key), signer: await receipts.current() })
    },
    async open(box, checks, bundle) {
      const { authors, order } = bundle
      const keyring = await policy.current()
      return openSignedState(box, { ...checks, keyring, authors, ownPlaces: order.own?.places ?? [] })
    },
  }
}
