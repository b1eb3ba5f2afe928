import { AwsError } from '../http/aws-error.ts'
import type { StoredObject } from './records.ts'
import { type Headers, requireHeader } from './request-headers.ts'

const METADATA_PREFIX = 'x-amz-meta-'
const KEPT = ['cache-control', 'content-disposition', 'content-language', 'content-type', 'expires']
/** The most bytes of metadata names and values (S3 User Guide, "Working with object metadata"). */
const MAX_METADATA_BYTES = 2048

/**
 * The header fields that are stored with an object.
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

/** The content encoding without `aws-chunked`, which belongs to the transfer and not to the object. */
function contentEncoding(header = ''): string {
  const codings = header.split(',').map((coding) => coding.trim())
  return codings.filter((coding) => coding !== '' && coding !== 'aws-chunked').join(',')
}

/** The header fields of an answer with an object. */
export function describeObject(object: StoredObject): Record<string, string> {
  return {
    'content-type': 'binary/octet-stream',
    ...object.headers,
    etag: quote(object.etag),
    'last-modified': new Date(object.modifiedAt).toUTCString(),
    'accept-ranges': 'bytes',
  }
}

export function quote(etag: string): string {
  return `"${etag}"`
}

const OVERRIDES = [...KEPT, 'content-encoding']

/** The header fields that a signed request overrides, such as with `response-content-type`. */
export function overriddenHeaders(query: ReadonlyMap<string, string>): Record<string, string> {
  const overrides = OVERRIDES.filter((name) => query.has(`response-${name}`)).map(
    (name) => [name, query.get(`response-${name}`)!] as const,
  )
  for (const [name, value] of overrides) requireHeader(name, value)
  return Object.fromEntries(overrides)
}
