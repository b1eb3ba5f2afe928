import { createHash, type Hash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { Crc32c, Crc64Nvme } from '@aws-sdk/checksums/crc'
import type { ChecksumAlgorithm } from './records.ts'

export const CHECKSUM_ALGORITHMS = ['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] as const

/** The name of a checksum's header or trailer, such as `x-amz-checksum-crc32`. */
export function checksumHeader(algorithm: ChecksumAlgorithm): string {
  return `x-amz-checksum-${algorithm.toLowerCase()}`
}

/** Computes a checksum over a stream. */
export interface RunningChecksum {
  readonly algorithm: ChecksumAlgorithm
  update(chunk: Buffer): void
  /** Base64, most significant byte first. */
  digest(): Promise<string>
}

export function createChecksum(algorithm: ChecksumAlgorithm): RunningChecksum {
  switch (algorithm) {
    case 'CRC32':
      return { algorithm, ...createCrc32() }
    case 'CRC32C':
      return { algorithm, ...adoptCrc(new Crc32c()) }
    case 'CRC64NVME':
      return { algorithm, ...adoptCrc(new Crc64Nvme()) }
    case 'SHA1':
      return { algorithm, ...adoptHash(createHash('sha1')) }
    case 'SHA256':
      return { algorithm, ...adoptHash(createHash('sha256')) }
  }
}

type Running = Omit<RunningChecksum, 'algorithm'>

function createCrc32(): Running {
  let value = 0
  return {
    update(chunk) {
      value = crc32(chunk, value)
    },
    async digest() {
      const bytes = Buffer.alloc(4)
      bytes.writeUInt32BE(value)
      return bytes.toString('base64')
    },
  }
}

function adoptCrc(crc: Pick<Crc32c, 'update' | 'digest'>): Running {
  return {
    update: (chunk) => crc.update(chunk),
    digest: async () => Buffer.from(await crc.digest()).toString('base64'),
  }
}

function adoptHash(hash: Hash): Running {
  return {
    update: (chunk) => void hash.update(chunk),
    digest: async () => hash.digest('base64'),
  }
}

/** The composite checksum of a multipart object: base64 of the hash over the raw checksums of its parts. */
export async function compositeChecksum(algorithm: ChecksumAlgorithm, parts: readonly string[]): Promise<string> {
  const checksum = createChecksum(algorithm)
  for (const part of parts) checksum.update(Buffer.from(part, 'base64'))
  return `${await checksum.digest()}-${parts.length}`
}

/** The polynomials without their highest term, least significant bit first, as in the CRCs. */
const CRC_FIELDS: Partial<Record<ChecksumAlgorithm, { readonly bits: number; readonly polynomial: bigint }>> = {
  CRC32: { bits: 32, polynomial: 0xedb88320n },
  CRC32C: { bits: 32, polynomial: 0x82f63b78n },
  CRC64NVME: { bits: 64, polynomial: 0x9a6c9329ac4bc9b5n },
}

/** Whether the checksum of an object can be computed from those of its parts. */
export function isCombinable(algorithm: ChecksumAlgorithm): boolean {
  return CRC_FIELDS[algorithm] !== undefined
}

/**
 * The CRC of two concatenated byte strings, from their CRCs: the first one times x^(8·length of the second) modulo the
 * polynomial, plus the second one. Arguments and result are base64.
 */
export function combineCrc(algorithm: ChecksumAlgorithm, first: string, second: string, secondLength: number): string {
  const field = CRC_FIELDS[algorithm]
  if (field === undefined) throw new TypeError(`${algorithm} is not a CRC`)
  const shifted = multiply(field, readBig(first), powerOfX(field, BigInt(secondLength) * 8n))
  const sum = shifted ^ readBig(second)
  return Buffer.from(sum.toString(16).padStart(field.bits / 4, '0'), 'hex').toString('base64')
}

type CrcField = { readonly bits: number; readonly polynomial: bigint }

/** The product of two bit-reversed polynomials, whose highest bit is the term x^0. */
function multiply({ bits, polynomial }: CrcField, a: bigint, b: bigint): bigint {
  let [product, factor] = [0n, b]
  for (let bit = BigInt(bits - 1); bit >= 0n; bit--) {
    if ((a >> bit) & 1n) product ^= factor
    factor = factor & 1n ? (factor >> 1n) ^ polynomial : factor >> 1n
  }
  return product
}

/** x^exponent, by squaring. */
function powerOfX(field: CrcField, exponent: bigint): bigint {
  const one = 1n << BigInt(field.bits - 1)
  let [power, square] = [one, one >> 1n]
  for (let left = exponent; left > 0n; left >>= 1n) {
    if (left & 1n) power = multiply(field, power, square)
    square = multiply(field, square, square)
  }
  return power
}

function readBig(base64: string): bigint {
  return BigInt(`0x${Buffer.from(base64, 'base64').toString('hex')}`)
}
