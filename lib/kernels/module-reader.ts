import { KernelError } from '../errors.ts'

/** Reads the numbers and names of a WebAssembly module's binary, and never beyond its end (core specification, §5.2). */
export interface ModuleReader {
  readonly position: number
  readonly end: number
  byte(): number
  /** An unsigned LEB128 number of 32 bits. */
  u32(): number
  /** Passes over a signed LEB128 number of up to `bits` bits. */
  skipSigned(bits: 32 | 33 | 64): void
  skip(bytes: number): void
  name(): string
  /** A reader of the next `bytes` alone; this one goes on behind them. */
  part(bytes: number): ModuleReader
  /** What `item` reads, as often as the number that stands first says. */
  vector<T>(item: (reader: ModuleReader, index: number) => T, most: number, what: string): T[]
  /** @throws KernelError unless everything was read. */
  finish(what: string): void
}

const decoder = new TextDecoder('utf-8', { fatal: true })

/** @throws KernelError `KERNEL_MALFORMED`, as all its methods do when the bytes are not what they have to be. */
export function createModuleReader(bytes: Uint8Array, start = 0, end = bytes.length): ModuleReader {
  let at = start
  const reader: ModuleReader = {
    get position() {
      return at
    },
    end,
    byte() {
      if (at >= end) throw malformed('it ends in the middle')
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
      if (count > end - at) throw malformed('it ends in the middle')
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
      if (count > most) throw malformed(`it has ${count} ${what}; a place takes ${most}`)
      return Array.from({ length: count }, (_, index) => item(reader, index))
    },
    finish(what) {
      if (at !== end) throw malformed(`${what} is longer or shorter than it says`)
    },
  }
  return reader
}

export function malformed(why: string): KernelError {
  return new KernelError('KERNEL_MALFORMED', `the kernel's binary is not one a place runs: ${why}`, {
    remedy: 'docs/kernels.md has the rules; what lander compiles keeps them',
  })
}
