import { type IncomingMessage, validateHeaderName, validateHeaderValue } from 'node:http'
import { AwsError } from '../http/aws-error.ts'

/** Header fields by lower-case name. */
export type Headers = Readonly<Record<string, string>>

/**
 * The header fields of a request and those in the query of a presigned URL. Checksums in a query are ignored, as in S3,
 * because a signer without the body puts the checksum of an empty body there.
 */
export function effectiveHeaders(
  { headers }: IncomingMessage,
  query: ReadonlyMap<string, string>,
): Record<string, string> {
  const hoisted = [...query].filter(([name]) => /^x-amz-(?!checksum-|sdk-|trailer)/i.test(name))
  for (const [name, value] of hoisted) requireHeader(name, value)
  const sent = Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(',') : value])
  return Object.fromEntries([...hoisted.map(([name, value]) => [name.toLowerCase(), value]), ...sent])
}

/**
 * Checks that a header field from a query is valid in an answer.
 *
 * @throws AwsError `InvalidArgument`
 */
export function requireHeader(name: string, value: string): void {
  try {
    validateHeaderName(name)
    validateHeaderValue(name, value)
  } catch (cause) {
    throw new AwsError('InvalidArgument', `${name} is not a valid header field`, { cause })
  }
}

/** The only supported value of each header. */
const ONLY: Headers = {
  'x-amz-acl': 'private',
  'x-amz-bucket-object-lock-enabled': 'false',
  'x-amz-object-ownership': 'BucketOwnerEnforced',
  'x-amz-storage-class': 'STANDARD',
}

const UNSUPPORTED = [
  /^x-amz-grant-/,
  /^x-amz-object-lock-/,
  /^x-amz-(source-)?expected-bucket-owner$/,
  /^x-amz-(copy-source-)?server-side-encryption/,
  /^x-amz-(tagging|website-redirect-location|write-offset-bytes|rename-source)$/,
]

/**
 * Refuses requests for unsupported features. Ignoring them would be dangerous, because they may protect data.
 *
 * @throws AwsError `NotImplemented`
 */
export function refuseUnsupported(headers: Headers): void {
  for (const [name, value] of Object.entries(headers)) {
    const only = ONLY[name]
    const fits =
      only === undefined
        ? !UNSUPPORTED.some((pattern) => pattern.test(name))
        : value.toLowerCase() === only.toLowerCase()
    if (!fits) throw notImplemented(`${name}: ${value}`)
  }
}

export function notImplemented(what: string): AwsError {
  return new AwsError('NotImplemented', `The local S3 does not implement ${what}`, { fields: { Header: what } })
}
