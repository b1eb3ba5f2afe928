/**
 * A sealed state as a message names it: the state itself while it is small, else the digest under which it is stored.
 */
import * as v from 'valibot'

/** The largest sealed state that travels inside a message. A larger one goes through the agent buckets. */
export const MAX_INLINE_STATE_BYTES = 256 * 1024

/** Base64url text of at most `max` characters. */
export const base64url = (max: number) => v.pipe(v.string(), v.maxLength(max), v.regex(/^[A-Za-z0-9_-]*$/))

/** Up to `maxBytes` bytes inside a message. Four characters of base64 hold three bytes. */
export const inlineBytes = (maxBytes: number) =>
  v.strictObject({ inline: base64url(Math.ceil((maxBytes * 4) / 3) + 2) })

/** The SHA-256 of bytes that are stored in the region's agent bucket. */
export const storedBytes = v.strictObject({ sha256: v.pipe(base64url(43), v.length(43)) })

export const stateRef = v.union([inlineBytes(MAX_INLINE_STATE_BYTES), storedBytes])

/** A sealed state, or its digest when it is stored in the region's agent bucket. */
export type StateRef = v.InferOutput<typeof stateRef>
