import { fromUtf8 } from './bytes.ts'

/** Any value that JSON can represent. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/**
 * Parses JSON from a text or from UTF-8 bytes. JSON has no `undefined`, so `undefined` means that the source is not JSON.
 * For documents that are signed, use `parseStrictJson`.
 */
export function parseJson(source: string | Uint8Array): unknown {
  try {
    return JSON.parse(typeof source === 'string' ? source : fromUtf8(source))
  } catch {
    return undefined
  }
}
