import { UsageError } from '../errors.ts'
import type { Scope } from '../scope.ts'
import { isKey, MAX_KEY_BYTES } from './object-keys.ts'

/** Amazon S3 User Guide, "General purpose bucket naming rules". */
const RESERVED_PREFIXES = ['xn--', 'sthree-', 'amzn-s3-demo-']
const RESERVED_SUFFIXES = ['-s3alias', '--ol-s3', '.mrap', '--x-s3', '--table-s3']

/**
 * Parses `s3://bucket/prefix` into a {@link Scope}. The prefix is literal, as in AWS's own tools: nothing is
 * percent-decoded, and `?` and `#` are ordinary characters. Whole segments match, so `s3://b/logs` grants the key `logs`
 * and the keys below `logs/`.
 *
 * @throws UsageError `URI_INVALID`
 * @example
 * parseDataUri('s3://logs-us/2026/') // { bucket: 'logs-us', prefix: '2026/', actions: ['read'] }
 */
export function parseDataUri(text: string): Scope {
  const match = /^s3:\/\/([^/]*)(?:\/(.*))?$/s.exec(text)
  if (!match) throw invalidUri(text, 'does not start with s3://', 'write it as s3://bucket/prefix')
  const [, bucket = '', prefix = ''] = match
  const fault = findBucketFault(bucket)
  if (fault) throw invalidUri(text, `names a bucket that ${fault}`, 'check the name of the bucket')
  if (prefix !== '' && !isKey(prefix)) {
    throw invalidUri(text, 'has a prefix that no key can have', `use at most ${MAX_KEY_BYTES} bytes of valid Unicode`)
  }
  return { bucket, prefix, actions: ['read'] }
}

/** The inverse of {@link parseDataUri}. */
export function formatDataUri({ bucket, prefix }: Pick<Scope, 'bucket' | 'prefix'>): string {
  return `s3://${bucket}/${prefix}`
}

/** Why a general purpose bucket can't have this name, as the end of a sentence; `undefined` if it can. */
function findBucketFault(bucket: string): string | undefined {
  if (bucket.length < 3 || bucket.length > 63) return `has ${bucket.length} characters; S3 takes 3 to 63`
  if (!/^[a-z0-9.-]*$/.test(bucket)) return 'has characters other than a-z, 0-9, "-" and "."'
  if (!/^[a-z0-9].*[a-z0-9]$/.test(bucket)) return 'does not begin and end with a letter or a digit'
  if (bucket.includes('..')) return 'has two dots in a row'
  if (/^\d+\.\d+\.\d+\.\d+$/.test(bucket)) return 'looks like an IP address'
  const prefix = RESERVED_PREFIXES.find((reserved) => bucket.startsWith(reserved))
  if (prefix) return `begins with "${prefix}", which S3 reserves`
  const suffix = RESERVED_SUFFIXES.find((reserved) => bucket.endsWith(reserved))
  if (suffix) return `ends with "${suffix}", which S3 reserves`
  return undefined
}

function invalidUri(text: string, fault: string, remedy: string): UsageError {
  return new UsageError('URI_INVALID', `data URI "${text}" ${fault}`, { remedy })
}
