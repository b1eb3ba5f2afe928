import { AwsError } from '../http/aws-error.ts'
import { CHECKSUM_ALGORITHMS, checksumHeader } from './checksums.ts'
import type { Checksum, ChecksumAlgorithm } from './records.ts'
import type { Headers } from './request-headers.ts'

/**
 * The checksum algorithm of a request, which the request names or gives a value for.
 *
 * @throws AwsError `InvalidRequest` for more than one value, and for an unknown algorithm
 */
export function requestedAlgorithm(headers: Headers): ChecksumAlgorithm | undefined {
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
export function parseAlgorithm(name: string): ChecksumAlgorithm {
  const algorithm = CHECKSUM_ALGORITHMS.find((known) => known === name.toUpperCase())
  if (algorithm === undefined)
    throw new AwsError('InvalidRequest', `Checksum algorithm provided is unsupported. Known: ${CHECKSUM_ALGORITHMS}`)
  return algorithm
}

/** A checksum as header fields of a reply. */
export function describeChecksum(checksum: Checksum | undefined): Record<string, string> {
  if (checksum === undefined) return {}
  return { [checksumHeader(checksum.algorithm)]: checksum.value, 'x-amz-checksum-type': checksum.type }
}

/** A checksum and its type as XML elements, such as `ChecksumCRC32`. */
export function checksumElements(checksum: Checksum | undefined): Record<string, string> {
  if (checksum === undefined) return {}
  return { [`Checksum${checksum.algorithm}`]: checksum.value, ChecksumType: checksum.type }
}
