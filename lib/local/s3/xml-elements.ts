import type { Checksum } from './records.ts'

/** `ChecksumCRC32` and its like, with the type, as elements of a result. */
export function checksumElements(checksum: Checksum | undefined): Record<string, string> {
  if (checksum === undefined) return {}
  return { [`Checksum${checksum.algorithm}`]: checksum.value, ChecksumType: checksum.type }
}
