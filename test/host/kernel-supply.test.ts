import { describe, expect, test } from 'vitest'
import { utf8 } from '../../lib/encoding/bytes.ts'
import { KernelError } from '../../lib/errors.ts'
import { prepareKernels } from '../../lib/host/kernel-supply.ts'
import type { KernelLibrary } from '../../lib/kernels/library.ts'
import { verifyBundle } from '../../lib/trust/verify-bundle.ts'
import { wasmModule, wasmWith } from '../support/wasm.ts'
import { admissionOf, alice, bob, bundleOf, grantOf, keyringOf, source } from '../trust/fixture.ts'

const BINARY = wasmModule()
const OTHER = wasmWith([5, [1, 1, 1, 8]])

function verified(parts: Record<string, Uint8Array>, compiles = false) {
  const bundle = bundleOf({ compiles }, { 'main.js': utf8(source), ...parts })
  const keys = [grantOf(alice, 'alice', { compiles: true }), grantOf(bob, 'bob', { compiles: true })]
  return verifyBundle({ ...admissionOf({ bundle }), keyring: keyringOf({ keys }) })
}
const compilesTo = (binary: Uint8Array): KernelLibrary => ({ binaryOf: async () => binary })
const failing: KernelLibrary = {
  binaryOf: () => Promise.reject(new KernelError('KERNEL_COMPILE_FAILED', 'kernel.c:1:1: error: …')),
}

describe('a run’s kernels', () => {
  test('are the binaries of the bundle, or compiled from its sources', async () => {
    const kernels = prepareKernels(
      verified({ 'a.wasm': BINARY, 'b.c': utf8('…'), 'c.as.ts': utf8('…') }),
      compilesTo(OTHER),
    )
    expect(await kernels.byName('a')).toEqual(BINARY)
    expect(await kernels.byName('b')).toEqual(OTHER)
    expect(await kernels.byName('c')).toEqual(OTHER)
    await expect(kernels.byName('main')).rejects.toMatchObject({ code: 'KERNEL_UNKNOWN' })
    await kernels.agree()
  })

  test('are compiled before they are requested', () => {
    const asked: string[] = []
    const library: KernelLibrary = {
      binaryOf: async (text, language) => {
        asked.push(`${language} ${text}`)
        return BINARY
      },
    }
    prepareKernels(verified({ 'b.c': utf8('int b;'), 'c.as.ts': utf8('let c') }), library)
    expect(asked).toEqual(['c int b;', 'assemblyscript let c'])
  })

  test('that came as source and binary must match', async () => {
    const both = verified({ 'a.wasm': BINARY, 'a.c': utf8('…') })
    await prepareKernels(both, compilesTo(BINARY)).agree()
    await expect(prepareKernels(both, compilesTo(OTHER)).agree()).rejects.toMatchObject({
      situation: 'refused',
      code: 'KERNEL_MISMATCH',
    })
    await expect(prepareKernels(both, failing).agree()).rejects.toMatchObject({ code: 'KERNEL_COMPILE_FAILED' })
  })

  test('that came as source fail without a compiler', async () => {
    const kernels = prepareKernels(verified({ 'b.c': utf8('…') }), undefined)
    await expect(kernels.byName('b')).rejects.toMatchObject({ code: 'KERNEL_UNREACHABLE' })
    await expect(prepareKernels(verified({ 'b.c': utf8('…') }), failing).byName('b')).rejects.toMatchObject({
      code: 'KERNEL_COMPILE_FAILED',
    })
  })

  test('are made of text at run time only where the manifest says so', async () => {
    const allowed = prepareKernels(verified({}, true), compilesTo(BINARY))
    expect(await allowed.compile('int f;', 'c')).toEqual(BINARY)
    const denied = prepareKernels(verified({}), compilesTo(BINARY))
    await expect(denied.compile('int f;', 'c')).rejects.toMatchObject({ code: 'KERNEL_NOT_ALLOWED' })
  })
})
