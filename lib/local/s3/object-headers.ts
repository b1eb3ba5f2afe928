import { AwsError } from '../http/aws-error.ts'
import { CHECKSUM_ALGORITHMS, checksumHeader } from './checksums.ts'
import type { StoredObject } from './records.ts'

type Headers = Readonly<Record<string, string>>

const METADATA_PREFIX = 'x-amz-meta-'
const KEPT = ['cache-control', 'content-disposition', 'content-language', 'content-type', 'expires']
/** S3 User Guide, "Working with object metadata": 2 KB of names and values. */
const MAX_METADATA_BYTES = 2048

/**
 * The header fields that are kept with an object.
 *
 * @throws AwsError `MetadataTooLarge`.
 */
export function keptHeaders(headers: Headers): Record<string, string> {
  const metadata = Object.entries(headers).filter(([name]) => name.startsWith(METADATA_PREFIX))
  const bytes = metadata.reduce((sum, [name, value]) => sum + name.length - METADATA_PREFIX.length + value.length, 0)
  if (bytes > MAX_METADATA_BYTES)
    throw new AwsError('MetadataTooLarge', 'Your metadata headers exceed the maximum allowed metadata size', {
      fields: { Size: String(bytes), MaxSizeAllowed: String(MAX_METADATA_BYTES) },
    })
  const kept = KEPT.filter((name) => headers[name] !== undefined).map((name) => [name, headers[name]!])
  const encoding = contentEncoding(headers['content-encoding'])
  return Object.fromEntries([...kept, ...(encoding === '' ? [] : [['content-encoding', encoding]]), ...metadata])
}

/** `aws-chunked` is about the transfer, not the object. */
function contentEncoding(header = ''): string {
  const codings = header.split(',').map((coding) => coding.trim())
  return codings.filter((coding) => coding !== '' && coding !== 'aws-chunked').join(',')
}

/** What a client asks for and this S3 doesn't do must not be dropped in silence: it may be what keeps data safe. */
const UNSUPPORTED: readonly (readonly [name: RegExp, value: RegExp])[] = [
  [/^x-amz-acl$/, /^private$/],
  [/^x-amz-storage-class$/, /^STANDARD$/],
  [/^x-amz-grant-/, /^$/],
  [/^x-amz-tagging$/, /^$/],
  [/^x-amz-(copy-source-)?server-side-encryption/, /^$/],
  [/^x-amz-object-lock-/, /^$/],
  [/^x-amz-bucket-object-lock-enabled$/, /^false$/i],
  [/^x-amz-website-redirect-location$/, /^$/],
  [/^x-amz-write-offset-bytes$/, /^$/],
  [/^x-amz-rename-source$/, /^$/],
]

/** @throws AwsError `NotImplemented`: the request asks for something this S3 does not do. */
export function refuseUnsupported(headers: Headers): void {
  for (const [name, value] of Object.entries(headers)) {
    const rule = UNSUPPORTED.find(([pattern]) => pattern.test(name))
    if (rule !== undefined && !rule[1].test(value)) throw notImplemented(name)
  }
}

export function notImplemented(what: string): AwsError {
  return new AwsError('NotImplemented', `The local S3 does not implement ${what}`, { fields: { Header: what } })
}

/** The header fields that a version of an object goes out with. */
export function describeObject(object: StoredObject): Record<string, string> {
  return {
    'content-type': 'binary/octet-stream',
    ...object.headers,
    etag: quote(object.etag),
    'last-modified': new Date(object.modifiedAt).toUTCString(),
    'accept-ranges': 'bytes',
  }
}

export function describeChecksum({ checksum }: Pick<StoredObject, 'checksum'>): Record<string, string> {
  if (checksum === undefined) return {}
  return { [checksumHeader(checksum.algorithm)]: checksum.value, 'x-amz-checksum-type': checksum.type }
}

export function quote(etag: string): string {
  return `"${etag}"`
}

const OVERRIDES = ['cache-control', 'content-disposition', 'content-encoding', 'content-language', 'content-type']

/** `response-content-type` and its like: a signed request may choose how an object goes out. */
export function overriddenHeaders(query: ReadonlyMap<string, string>): Record<string, string> {
  const names = [...OVERRIDES, 'expires'].filter((name) => query.has(`response-${name}`))
  return Object.fromEntries(names.map((name) => [name, query.get(`response-${name}`)!]))
}

/**
 * The checksum algorithm a request names, by its name or by the header that carries a value.
 *
 * @throws AwsError `InvalidRequest`: more than one value, or an algorithm that doesn't exist.
 */
export function requestedAlgorithm(headers: Headers) {
  const carried = CHECKSUM_ALGORITHMS.filter((algorithm) => headers[checksumHeader(algorithm)] !== undefined)
  const trailing = CHECKSUM_ALGORITHMS.filter((algorithm) => trailerNames(headers).includes(checksumHeader(algorithm)))
  if (carried.length + trailing.length > 1)
    throw new AwsError(
      'InvalidRequest',
      'Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.',
    )
  const named = headers['x-amz-sdk-checksum-algorithm'] ?? headers['x-amz-checksum-algorithm']
  return carried[0] ?? trailing[0] ?? (named === undefined ? undefined : parseAlgorithm(named))
}

export function trailerNames(headers: Headers): string[] {
  return (headers['x-amz-trailer'] ?? '').split(',').map((name) => name.trim().toLowerCase())
}

/** @throws AwsError `InvalidRequest`. */
export function parseAlgorithm(name: string) {
  const algorithm = CHECKSUM_ALGORITHMS.find((known) => known === name.toUpperCase())
  if (algorithm === undefined)
    throw new AwsError('InvalidRequest', `Checksum algorithm provided is unsupported. Known: ${CHECKSUM_ALGORITHMS}`)
  return algorithm
}
