import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { decodeSignedBundle, encodeSignedBundle, splitParts } from '../../lib/bundle/file.ts'
import { MAX_BUNDLE_BYTES } from '../../lib/bundle/manifest.ts'
import { concatBytes, equalBytes, utf8 } from '../../lib/encoding/bytes.ts'
import { signBundle } from '../../lib/trust/sign-bundle.ts'
import { alice, bundleOf, source } from '../trust/fixture.ts'

const envelope = utf8('the envelope')
const parts = [utf8('main'), utf8('kernel')]
const file = encodeSignedBundle({ envelope, parts })
const entry = (name: string, stored: number) => ({ name, role: 'main' as const, bytes: stored, stored, sha256: '' })
const refusal = (code: string) => expect.objectContaining({ situation: 'refused', code })

describe('the file of a signed bundle', () => {
  test('is magic, version, length, envelope, parts, and nothing else', () => {
    const golden = readFileSync(new URL('../golden/trust/bundle.bin', import.meta.url))
    expect(golden.equals(file)).toBe(true)
    expect(Buffer.from(file).toString('latin1')).toBe('LAND\x02\x00\x0cthe envelopemainkernel')
  })

  test('is split into its parts', () => {
    const decoded = decodeSignedBundle(file)
    expect(decoded.envelope).toEqual(envelope)
    expect(splitParts(decoded.body, [entry('a', 4), entry('b', 6)])).toEqual(
      new Map([
        ['a', parts[0]],
        ['b', parts[1]],
      ]),
    )
  })

  test('of an agent of 1 KB has at most 1.5 KB', () => {
    const signed = signBundle(bundleOf(), [alice])
    expect(source.length).toBeGreaterThanOrEqual(1024)
    expect(signed.length).toBeLessThanOrEqual(1536)
  })

  test('is the same for the same bundle and key', () => {
    expect(equalBytes(signBundle(bundleOf(), [alice]), signBundle(bundleOf(), [alice]))).toBe(true)
  })

  test('cut before its body is truncated', () => {
    for (let length = 0; length < 7 + envelope.length; length++)
      expect(() => decodeSignedBundle(file.subarray(0, length)), `${length} bytes`).toThrowError(
        refusal('BUNDLE_TRUNCATED'),
      )
  })

  test('cut within its body is truncated', () => {
    const { body } = decodeSignedBundle(file)
    for (let length = 0; length < body.length; length++)
      expect(() => splitParts(body.subarray(0, length), [entry('a', 4), entry('b', 6)])).toThrowError(
        refusal('BUNDLE_TRUNCATED'),
      )
  })

  test('with a byte behind the last part is malformed', () => {
    const { body } = decodeSignedBundle(concatBytes(file, Uint8Array.of(0)))
    expect(() => splitParts(body, [entry('a', 4), entry('b', 6)])).toThrowError(refusal('BUNDLE_MALFORMED'))
  })

  test.each([0, 1, 2, 3])('with a wrong byte %i is not a signed bundle', (index) => {
    const other = Uint8Array.from(file)
    other[index]! ^= 1
    expect(() => decodeSignedBundle(other)).toThrowError(refusal('BUNDLE_MALFORMED'))
  })

  test.each([0, 1, 3, 255])(
    'of format version %i is refused with both versions and the command that helps',
    (version) => {
      expect(() => decodeSignedBundle(file.with(4, version))).toThrowError(
        expect.objectContaining({
          code: 'VERSION_UNSUPPORTED',
          message: `the bundle has format version ${version}; this version of Lander reads version 2`,
          remedy: 'pack and sign the agent again with lander pack',
        }),
      )
    },
  )

  test('above 8 MB is neither decoded nor encoded', () => {
    const most = new Uint8Array(MAX_BUNDLE_BYTES - 7 - envelope.length)
    expect(encodeSignedBundle({ envelope, parts: [most] })).toHaveLength(MAX_BUNDLE_BYTES)
    expect(() => encodeSignedBundle({ envelope, parts: [most, Uint8Array.of(0)] })).toThrowError(
      refusal('BUNDLE_TOO_LARGE'),
    )
    expect(() => decodeSignedBundle(new Uint8Array(MAX_BUNDLE_BYTES + 1))).toThrowError(refusal('BUNDLE_TOO_LARGE'))
  })
})

test('a bundle without one of its parts is not signed', () => {
  expect(() => signBundle({ ...bundleOf(), parts: new Map() }, [alice])).toThrow('no part "main.js"')
})
