import { AwsError } from './aws-error.ts'

/** Percent-encodes all characters except the unreserved ones of RFC 3986, as Signature Version 4 requires. */
export function encodeUriComponent(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
}

/** Like {@link encodeUriComponent}, but keeps slashes. */
export function encodeUriPath(text: string): string {
  return encodeUriComponent(text).replaceAll('%2F', '/')
}

/** Decodes a URI. @throws AwsError `InvalidURI` for a `%` without two digits, and for bytes that are not UTF-8 */
export function decodeUri(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch (cause) {
    throw new AwsError('InvalidURI', "Couldn't parse the specified URI.", { cause })
  }
}

/** The parts of a request target: the undecoded path, and the decoded names and values of the query in order. */
export interface Target {
  readonly rawPath: string
  readonly query: readonly (readonly [name: string, value: string])[]
}

/**
 * Splits a request target (the second word of an HTTP request line).
 *
 * @throws AwsError `InvalidURI`.
 */
export function parseTarget(url: string): Target {
  const mark = url.indexOf('?')
  if (mark < 0) return { rawPath: url, query: [] }
  const pairs = url.slice(mark + 1).split('&')
  return { rawPath: url.slice(0, mark), query: pairs.filter((pair) => pair !== '').map(parsePair) }
}

function parsePair(pair: string): readonly [string, string] {
  const mark = pair.indexOf('=')
  if (mark < 0) return [decodeUri(pair), '']
  return [decodeUri(pair.slice(0, mark)), decodeUri(pair.slice(mark + 1))]
}
