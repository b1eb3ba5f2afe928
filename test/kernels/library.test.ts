import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { KernelError } from '../../lib/errors.ts'
import { createKernelLibrary } from '../../lib/kernels/library.ts'
import { kernelDigest } from '../../lib/kernels/toolchain.ts'
import { createMemoryAgentBucket, kernelKey } from '../../lib/objects/agent-bucket.ts'
import { wasmModule, wasmWith } from '../support/wasm.ts'

const SOURCE = 'int f(void) { return 1; }'
const KEY = kernelKey(kernelDigest(SOURCE, 'c'))

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lander-library-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

/** A library that counts how often it compiles. */
function counting(options: Partial<Parameters<typeof createKernelLibrary>[0]> = {}) {
  let count = 0
  const compile = async () => {
    count++
    return wasmModule()
  }
  return { library: createKernelLibrary({ compile, ...options }), compiled: () => count }
}

describe('a library of kernels', () => {
  test('compiles a source once for many concurrent requests', async () => {
    const { library, compiled } = counting()
    const all = await Promise.all([1, 2, 3].map(() => library.binaryOf(SOURCE, 'c')))
    await library.binaryOf(SOURCE, 'c')
    expect(all).toEqual([wasmModule(), wasmModule(), wasmModule()])
    expect(compiled()).toBe(1)
  })

  test('distinguishes languages and sources', async () => {
    const { library, compiled } = counting()
    await library.binaryOf(SOURCE, 'c')
    await library.binaryOf(SOURCE, 'assemblyscript')
    await library.binaryOf(`${SOURCE} `, 'c')
    expect(compiled()).toBe(3)
  })

  test('finds on disk what an earlier function compiled', async () => {
    await counting({ folder }).library.binaryOf(SOURCE, 'c')
    const { library, compiled } = counting({ folder })
    expect(await library.binaryOf(SOURCE, 'c')).toEqual(wasmModule())
    expect(compiled()).toBe(0)
    expect(await readdir(folder)).toEqual([`${kernelDigest(SOURCE, 'c')}.wasm`])
  })

  test('finds in the agent bucket what another function compiled, and stores it on disk', async () => {
    const agents = createMemoryAgentBucket()
    await agents.put(KEY, wasmModule())
    const { library, compiled } = counting({ agents, folder })
    expect(await library.binaryOf(SOURCE, 'c')).toEqual(wasmModule())
    expect(compiled()).toBe(0)
    expect(await readdir(folder)).toHaveLength(1)
  })

  test('compiles again if the file on disk is corrupt', async () => {
    await writeFile(join(folder, `${kernelDigest(SOURCE, 'c')}.wasm`), wasmModule().subarray(0, 20))
    const { library, compiled } = counting({ folder })
    expect(await library.binaryOf(SOURCE, 'c')).toEqual(wasmModule())
    expect(compiled()).toBe(1)
  })

  test('refuses malformed binaries from the bucket and from the compiler', async () => {
    const agents = createMemoryAgentBucket()
    await agents.put(KEY, wasmWith([8, [0]]))
    await expect(counting({ agents }).library.binaryOf(SOURCE, 'c')).rejects.toMatchObject({ code: 'KERNEL_MALFORMED' })
    const compile = async () => wasmWith([8, [0]])
    await expect(counting({ compile }).library.binaryOf(SOURCE, 'c')).rejects.toMatchObject({
      code: 'KERNEL_MALFORMED',
    })
  })

  test('retries after a failure', async () => {
    let failing = true
    const compile = async () => {
      if (failing) throw new KernelError('KERNEL_UNREACHABLE', 'away')
      return wasmModule()
    }
    const { library } = counting({ compile })
    await expect(library.binaryOf(SOURCE, 'c')).rejects.toMatchObject({ code: 'KERNEL_UNREACHABLE' })
    failing = false
    expect(await library.binaryOf(SOURCE, 'c')).toEqual(wasmModule())
  })

  test('drops the least recently used binary from memory', async () => {
    const { library, compiled } = counting({ inMemory: 2 })
    for (const source of ['a', 'b', 'a', 'c', 'a', 'b']) await library.binaryOf(source, 'c')
    expect(compiled()).toBe(4)
  })
})
