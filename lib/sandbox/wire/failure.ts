import * as v from 'valibot'
import { failureCode } from '../contract/failure-codes.ts'
import type { AgentFailure } from '../contract/outcome.ts'

const text = v.optional(v.string())
const described = v.object({ code: v.string(), name: text, message: text, stack: text })

/** Length to which each text of a failure is cut in the guest, at least: before a run starts it knows no limit. */
const LEAST_LENGTH = 1024

/**
 * The longest the executor's description of a failure may be: a short code, and name, message and stack, each cut to
 * `errorBytes` UTF-16 units, of which JSON takes up to six bytes for one.
 */
export function failureBytes(errorBytes: number): number {
  return 1024 + 3 * 6 * Math.max(LEAST_LENGTH, errorBytes)
}

/**
 * Reads the description of a failure. The code is one of a closed set; the guest's own words are cut to `errorBytes`
 * bytes of UTF-8 in all: first the name, then the message, then the stack.
 *
 * @throws if the body is not such a description
 */
export function parseFailure(body: Uint8Array, errorBytes: number): AgentFailure {
  const { code, ...words } = v.parse(described, JSON.parse(Buffer.from(body).toString('utf8')))
  const failure: { -readonly [key in keyof AgentFailure]: AgentFailure[key] } = { code: failureCode(code) }
  let room = errorBytes
  for (const part of ['name', 'message', 'stack'] as const) {
    const cut = cutBytes(words[part] ?? '', room)
    if (cut !== '') failure[part] = cut
    room -= Buffer.byteLength(cut)
  }
  return failure
}

/** Bytes of the guest's words in a failure. */
export function wordBytes({ name = '', message = '', stack = '' }: AgentFailure): number {
  return Buffer.byteLength(name) + Buffer.byteLength(message) + Buffer.byteLength(stack)
}

/** The start of a text, up to `limit` bytes of UTF-8, without half a character at its end. */
function cutBytes(words: string, limit: number): string {
  const bytes = Buffer.from(words)
  if (bytes.length <= limit) return words
  let end = limit
  while (end > 0 && (bytes[end]! & 0xc0) === 0x80) end--
  return bytes.toString('utf8', 0, end)
}
