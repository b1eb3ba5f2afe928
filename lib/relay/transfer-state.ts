/** Brings sealed sealed states to the place they are for: inside the invocation, or through what the places keep sealed states in. */
import { digestOf } from '../encoding/digest.ts'
import { UnreachableError } from '../errors.ts'
import type { SealedState } from '../host/landing-result.ts'
import type { StateRef } from '../host/state-ref.ts'
import { stateKey } from '../objects/agent-bucket.ts'
import { MAX_STATE_BYTES } from '../trust/state/fleet-sealed.ts'
import type { FindPlace } from './landing-place.ts'

/** A sealed state, and the place it leaves. */
export interface Carried {
  readonly sealedState: SealedState
  readonly from: string
}

/** Base64 that goes inside one invocation: Lambda takes 6 MB, of which bundle and input may need 1.1. */
const INLINE_CHARACTERS = 4 * 1024 * 1024

/**
 * Makes sealed states ready for one invocation, all of them for the same place: small ones go inside of it as long as there is
 * room, the others lie where that place keeps its sealed states.
 *
 * @throws UnreachableError `STATE_LOST` when a sealed state can't be fetched or put down
 */
export async function transferStates(
  loads: readonly Carried[],
  places: FindPlace,
): Promise<{ stateRefs: readonly StateRef[]; bytesMoved: number }> {
  let room = INLINE_CHARACTERS
  const carried = loads.map(({ sealedState, from }) => {
    const { ref } = sealedState
    if ('inline' in ref && ref.inline.length <= room) {
      room -= ref.inline.length
      return { stateRef: ref, bytesMoved: 0 }
    }
    return throughBucket(sealedState, from, places)
  })
  const done = await Promise.all(carried)
  return {
    stateRefs: done.map(({ stateRef }) => stateRef),
    bytesMoved: done.reduce((sum, { bytesMoved }) => sum + bytesMoved, 0),
  }
}

async function throughBucket({ ref, to }: SealedState, from: string, places: FindPlace) {
  if ('sha256' in ref && from === to) return { stateRef: ref, bytesMoved: 0 }
  const bytes = 'inline' in ref ? Buffer.from(ref.inline, 'base64url') : await fetchState(ref.sha256, from, places)
  const sha256 = digestOf(bytes)
  await lost(to, places(to).states.put(stateKey(sha256), bytes))
  return { stateRef: { sha256 }, bytesMoved: bytes.length * ('inline' in ref ? 1 : 2) }
}

async function fetchState(sha256: string, from: string, places: FindPlace): Promise<Uint8Array> {
  const bytes = await lost(from, places(from).states.get(stateKey(sha256), MAX_STATE_BYTES))
  if (bytes !== undefined) return bytes
  throw new UnreachableError('STATE_LOST', `the state that left ${from} is not there any more`)
}

async function lost<T>(region: string, moving: Promise<T>): Promise<T> {
  return moving.catch((cause: unknown) => {
    throw new UnreachableError('STATE_LOST', `an agent's state could not be moved through the bucket of ${region}`, {
      remedy: 'check that these credentials may read and write states/* there',
      cause,
    })
  })
}
