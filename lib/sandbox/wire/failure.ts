import * as v from 'valibot'
import { failureCode } from '../contract/failure-codes.ts'
import type { AgentFailure } from '../contract/outcome.ts'

const text = v.optional(v.string())
const described = v.object({ code: v.string(), name: text, message: text, stack: text })

/** The guest cuts each text to at least this length, since it does not know the run's limit before it starts. */
const LEAST_LENGTH = 1024

/**
 * The largest description of a failure that the executor may send: a short code, and name, message and stack of at most
 * `errorBytes` UTF-16 code units each. JSON needs up to six bytes for one.
 */
export function failureBytes(errorBytes: number): number {
  return 1024 + 3 * 6 * Math.max(LEAST_LENGTH, errorBytes)
}

/**
 * Reads the description of a failure. The code becomes one of a closed set. The guest's texts are cut to `errorBytes`
 * bytes of UTF-8 in total: first the name, then the message, then the stack.
 *
 * @throws Error if the body is not such a description
 */
export function parseFailure(body: Uint8Array, errorBytes: number): AgentFailure {
  const { code, ...texts } = v.parse(described, JSON.parse(Buffer.from(body).toString('utf8')))
  const failure: { -readonly [key in keyof AgentFailure]: AgentFailure[key] } = { code: failureCode(code) }
  let room = errorBytes
  for (const part of ['name', 'message', 'stack'] as const) {
    const cut = cutBytes(texts[part] ?? '', room)
    if (cut !== '') failure[part] = cut
    room -= Buffer.byteLength(cut)
  }
  return failure
}

/** The size of the guest's texts in a failure. */
export function textBytes({ name = '', message = '', stack = '' }: AgentFailure): number {
  return Buffer.byteLength(name) + Buffer.byteLength(message) + Buffer.byteLength(stack)
}

/** The start of a text, at most `limit` bytes of UTF-8, without an incomplete character at the end. */
function cutBytes(text: string, limit: number): string {
  const bytes = Buffer.from(text)
  if (bytes.length <= limit) return text
  let end = limit
  while (end > 0 && (bytes[end]! & 0xc0) === 0x80) end--
  return bytes.toString('utf8', 0, end)
}
