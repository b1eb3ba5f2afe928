import { KernelError } from '../errors.ts'

/** Reads a WebAssembly module's binary and never reads beyond its end (core specification, §5.2). */
export interface ModuleReader {
  readonly position: number
  readonly end: number
  byte(): number
  /** An unsigned LEB128 number of 32 bits. */
  u32(): number
  /** Skips a signed LEB128 number of at most `bits` bits. */
  skipSigned(bits: 32 | 33 | 64): void
  skip(bytes: number): void
  name(): string
  /** Returns a reader for the next `bytes` bytes, and skips them. */
  part(bytes: number): ModuleReader
  /** Reads a count, and then as many items with `item`. */
  vector<T>(item: (reader: ModuleReader, index: number) => T, most: number, what: string): T[]
  /** @throws KernelError unless everything has been read */
  finish(what: string): void
}

const decoder = new TextDecoder('utf-8', { fatal: true })

/** Makes a reader. Its methods throw a KernelError `KERNEL_MALFORMED` for malformed bytes. */
export function createModuleReader(bytes: Uint8Array, start = 0, end = bytes.length): ModuleReader {
  let at = start
  const reader: ModuleReader = {
    get position() {
      return at
    },
    end,
    byte() {
      if (at >= end) throw malformed('it is truncated')
      return bytes[at++]!
    },
    u32() {
      let value = 0
      for (let shift = 0; shift < 35; shift += 7) {
        const byte = reader.byte()
        value += (byte & 0x7f) * 2 ** shift
        if (byte < 0x80 && value < 2 ** 32) return value
      }
      throw malformed('a number is longer than 32 bits')
    },
    skipSigned(bits) {
      for (let read = 0; read < bits; read += 7) if (reader.byte() < 0x80) return
      throw malformed(`a number is longer than ${bits} bits`)
    },
    skip(count) {
      if (count > end - at) throw malformed('it is truncated')
      at += count
    },
    name() {
      const from = reader.part(reader.u32())
      try {
        return decoder.decode(bytes.subarray(from.position, from.end))
      } catch {
        throw malformed('a name is not UTF-8')
      }
    },
    part(count) {
      const from = at
      reader.skip(count)
      return createModuleReader(bytes, from, from + count)
    },
    vector(item, most, what) {
      const count = reader.u32()
      if (count > most) throw malformed(`it has ${count} ${what}; a place accepts ${most}`)
      return Array.from({ length: count }, (_, index) => item(reader, index))
    },
    finish(what) {
      if (at !== end) throw malformed(`${what} does not have the length that it declares`)
    },
  }
  return reader
}

export function malformed(why: string): KernelError {
  return new KernelError('KERNEL_MALFORMED', `the kernel's binary is not one a place runs: ${why}`, {
    remedy: 'follow the rules in docs/kernels.md; kernels that lander compiles always do',
  })
}
