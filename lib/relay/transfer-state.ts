/** Brings sealed boxes to the place they are for: inside the invocation, or through what the places keep boxes in. */
import { digestOf } from '../encoding/digest.ts'
import { UnreachableError } from '../errors.ts'
import type { Box, Parcel } from '../host/protocol.ts'
import { stateKey } from '../objects/agent-bucket.ts'
import { MAX_BOX_BYTES } from '../trust/state/fleet-sealed.ts'
import type { FindPlace } from './landing-place.ts'

/** A parcel, and the place it leaves. */
export interface Carried {
  readonly parcel: Parcel
  readonly from: string
}

/** Base64 that goes inside one invocation: Lambda takes 6 MB, of which bundle and input may need 1.1. */
const INLINE_CHARACTERS = 4 * 1024 * 1024

/**
 * Makes boxes ready for one invocation, all of them for the same place: small ones go inside of it as long as there is
 * room, the others lie where that place keeps its boxes.
 *
 * @throws UnreachableError `STATE_LOST` when a box can't be fetched or put down
 */
export async function carryBoxes(
  loads: readonly Carried[],
  places: FindPlace,
): Promise<{ boxes: readonly Box[]; bytesMoved: number }> {
  let room = INLINE_CHARACTERS
  const carried = loads.map(({ parcel, from }) => {
    const { box } = parcel
    if ('inline' in box && box.inline.length <= room) {
      room -= box.inline.length
      return { box, bytesMoved: 0 }
    }
    return throughBucket(parcel, from, places)
  })
  const done = await Promise.all(carried)
  return { boxes: done.map(({ box }) => box), bytesMoved: done.reduce((sum, { bytesMoved }) => sum + bytesMoved, 0) }
}

async function throughBucket({ box, to }: Parcel, from: string, places: FindPlace) {
  if ('sha256' in box && from === to) return { box, bytesMoved: 0 }
  const bytes = 'inline' in box ? Buffer.from(box.inline, 'base64url') : await fetchBox(box.sha256, from, places)
  const sha256 = digestOf(bytes)
  await lost(to, places(to).states.put(stateKey(sha256), bytes))
  return { box: { sha256 }, bytesMoved: bytes.length * ('inline' in box ? 1 : 2) }
}

async function fetchBox(sha256: string, from: string, places: FindPlace): Promise<Uint8Array> {
  const bytes = await lost(from, places(from).states.get(stateKey(sha256), MAX_BOX_BYTES))
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
