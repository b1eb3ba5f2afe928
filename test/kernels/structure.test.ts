import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { KernelError } from '../../lib/errors.ts'
import { checkStructure, MAX_BODY_BYTES, MAX_FUNCTIONS, MAX_MODULE_BYTES } from '../../lib/kernels/structure.ts'
import { CODE, EXPORTS, I32, leb, named, PLAIN, TYPES, vector, wasmModule, wasmWith } from '../support/wasm.ts'

const refusal = (message: string | RegExp) =>
  expect.objectContaining({ code: 'KERNEL_MALFORMED', message: expect.stringMatching(message) })
const refused = (bytes: Uint8Array) => expect(() => checkStructure(bytes))

describe('a kernel’s binary', () => {
  test('lists its exported functions and its maximum memory', () => {
    const { functions, memory } = checkStructure(wasmModule())
    expect([...functions]).toEqual([['same', { params: ['i32'], results: ['i32'] }]])
    expect(memory).toEqual({ initial: 1, maximum: 16 })
    expect(WebAssembly.validate(wasmModule())).toBe(true)
  })

  test('may import abort, as builds of AssemblyScript do', () => {
    const types = vector([0x60, 1, I32, 1, I32], [0x60, 4, I32, I32, I32, I32, 0])
    const abort = vector([...named('env'), ...named('abort'), 0, 1])
    const exports = vector([...named('memory'), 2, 0], [...named('same'), 0, 1])
    const binary = wasmWith([1, types], [2, abort], [7, exports])
    expect(WebAssembly.validate(binary)).toBe(true)
    expect([...checkStructure(binary).functions.keys()]).toEqual(['same'])
  })

  test('may have globals of every number type, a table, and custom sections', () => {
    const globals = vector(
      [I32, 1, 0x41, 0x7f, 0x0b],
      [0x7e, 0, 0x42, ...leb(2 ** 40), 0x0b],
      [0x7d, 0, 0x43, 0, 0, 0, 0, 0x0b],
      [0x7c, 0, 0x44, 0, 0, 0, 0, 0, 0, 0, 0, 0x0b],
      [0x7b, 0, 0xfd, 0x0c, ...new Array(16).fill(1), 0x0b],
    )
    const exports = vector([...named('memory'), 2, 0], [...named('base'), 3, 0])
    const sections = wasmWith([4, vector([0x70, 1, 1, 8])], [6, globals], [7, exports])
    const binary = Uint8Array.from([...sections, 0, 3, ...named('me')])
    expect(WebAssembly.validate(binary)).toBe(true)
    expect(checkStructure(binary).globals).toEqual(['base'])
  })
})

describe('a place refuses a binary', () => {
  test.each<[string, Uint8Array, RegExp]>([
    ['that is none', Uint8Array.from(Buffer.from('int f(void)')), /not a WebAssembly module/],
    ['that is empty', new Uint8Array(), /truncated/],
    ['that is a component', Uint8Array.from([0, 0x61, 0x73, 0x6d, 13, 0, 1, 0]), /not a WebAssembly module/],
    ['with a start section', wasmWith([8, [0]]), /start section/],
    ['without a memory', wasmModule(PLAIN.filter(([id]) => id !== 5 && id !== 7)), /exactly one memory/],
    ['that keeps its memory to itself', wasmWith([7, vector()]), /exported as "memory"/],
    ['with a memory that has no maximum', wasmWith([5, vector([0, 1])]), /no maximum/],
    ['with shared memory', wasmWith([5, vector([3, 1, 16])]), /shared/],
    ['with a memory of 64 bits', wasmWith([5, vector([5, 1, 16])]), /64 bits/],
    ['with a memory larger than a place allows', wasmWith([5, vector([1, 1, ...leb(1025)])]), /1025 pages/],
    ['with two memories', wasmWith([5, vector([1, 1, 2], [1, 1, 2])]), /2 memories/],
    ['whose memory shrinks', wasmWith([5, vector([1, 2, 1])]), /pages/],
    ['that imports what is not on the list', imports('wasi_snapshot_preview1', 'fd_write'), /fd_write/],
    ['that imports what every object has', imports('env', 'toString'), /env\.toString/],
    ['that imports abort with another type', imports('env', 'abort'), /another type/],
    ['that imports a memory', wasmWith([2, vector([...named('env'), ...named('memory'), 2, 0, 1])]), /not a function/],
    ['that imports a name to fool a terminal', imports('env', '\u001b[2J'), /"env\.\?\[2J"/],
    ['with a table that is too large', wasmWith([4, vector([0x70, 0, ...leb(4097)])]), /4097 entries/],
    ['with a table that may become too large', wasmWith([4, vector([0x70, 1, 1, ...leb(4097)])]), /4097 entries/],
    ['with two tables', wasmWith([4, vector([0x70, 0, 1], [0x70, 0, 1])]), /2 tables/],
    ['with a table of references', wasmWith([4, vector([0x6f, 0, 1])]), /not one of functions/],
    ['with a table of 64 bits', wasmWith([4, vector([0x70, 4, 1])]), /64 bits/],
    ['with types of garbage collection', wasmWith([1, vector([0x5f, 0])]), /other than functions/],
    ['with a value type of no number', wasmWith([1, vector([0x60, 1, 0x6b, 0])]), /0x6b/],
    ['with too many functions', wasmWith([3, [...leb(MAX_FUNCTIONS + 1)]]), /5001 functions/],
    ['with a function that is too large', wasmWith([10, body(MAX_BODY_BYTES + 1)]), /65537 bytes/],
    ['with more functions than bodies', wasmWith([10, vector()]), /numbers of functions and of bodies/],
    ['with a function of a type it does not have', wasmWith([3, vector([9])]), /type 9/],
    ['that exports a function it does not have', wasmWith([7, vector([...named('f'), 0, 9])]), /function 9/],
    ['that exports one name twice', twice(), /twice/],
    ['with a section twice', wasmModule([TYPES, TYPES]), /duplicate/],
    ['with sections out of order', wasmModule([EXPORTS, TYPES]), /out of order|function 0/],
    ['with a section of exceptions', wasmModule([TYPES, [13, vector()]]), /section 13/],
    ['with a section longer than it says', wasmWith([3, [...vector([0]), 0]]), /does not have the length/],
    ['with a number that never ends', wasmModule([[1, [0x80, 0x80, 0x80, 0x80, 0x80, 0x80]]]), /32 bits/],
    ['with a name that is no text', wasmWith([7, vector([1, 0xff, 2, 0])]), /UTF-8/],
    ['with a global that starts with a call', wasmWith([6, vector([I32, 0, 0x10, 0, 0x0b])]), /instruction 0x10/],
  ])('%s', (_, bytes, message) => {
    refused(bytes).toThrow(refusal(message))
  })

  test('of more than 1 MiB', () => {
    refused(new Uint8Array(MAX_MODULE_BYTES + 1)).toThrow(refusal(/1048577 bytes/))
  })

  test('that is truncated anywhere', () => {
    const whole = wasmModule()
    for (let length = 0; length < whole.length; length++) refused(whole.subarray(0, length)).toThrow(KernelError)
  })
})

test('no bytes crash the reader, and accepted modules follow the rules', () => {
  const spoiled = fc
    .tuple(fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 6 }), fc.boolean())
    .map(([changes, withTable]) => {
      const bytes = withTable ? wasmWith([4, vector([0x70, 1, 1, 8])]) : wasmModule()
      for (const [at, value] of changes) bytes[at % bytes.length] = value
      return bytes
    })
  fc.assert(
    fc.property(fc.oneof(spoiled, fc.uint8Array({ maxLength: 400 })), (bytes) => {
      try {
        const { memory } = checkStructure(bytes)
        expect(memory.maximum).toBeLessThanOrEqual(1024)
      } catch (error) {
        expect(error).toBeInstanceOf(KernelError)
      }
    }),
    { numRuns: 2000 },
  )
})

function imports(module: string, name: string): Uint8Array {
  return wasmWith([2, vector([...named(module), ...named(name), 0, 0])])
}

function body(bytes: number): number[] {
  return vector([...leb(bytes), ...new Array(bytes).fill(CODE[1].at(-1))])
}

function twice(): Uint8Array {
  const memory = [...named('memory'), 2, 0]
  return wasmWith([7, vector(memory, memory)])
}
