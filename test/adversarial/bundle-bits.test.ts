import { brotliCompressSync, constants } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { MAX_BUNDLE_BYTES } from '../../lib/bundle/manifest.ts'
import { concatBytes, fromUtf8, utf8 } from '../../lib/encoding/bytes.ts'
import { digestOf } from '../../lib/encoding/digest.ts'
import { parseStrictJson } from '../../lib/encoding/strict-json.ts'
import { RefusedError } from '../../lib/errors.ts'
import { verifyBundle } from '../../lib/trust/verify-bundle.ts'
import { LONG } from '../support/long.ts'
import { admissionOf, bundleOf, INPUT, source } from '../trust/fixture.ts'

/** What an attacker in between can do without a key: change, cut, append. None of it may be admitted. */

const admission = admissionOf()
const orderText = JSON.stringify(admission.order)

/** The code of the refusal, or what happened instead of one. */
function verdict(file: Uint8Array, order: unknown = admission.order, input = admission.input): string {
  try {
    verifyBundle({ ...admission, file, order, input })
    return 'admitted'
  } catch (error) {
    return error instanceof RefusedError ? error.code : `threw ${error}`
  }
}

/** Parses an order as a host does. */
function textVerdict(order: Uint8Array): string {
  try {
    return verdict(admission.file, parseStrictJson(order, { maxLength: 64 * 1024 }))
  } catch (error) {
    return error instanceof SyntaxError ? 'not strict JSON' : `threw ${error}`
  }
}

/** Every bit in the long run. Every seventh in the short one, which comes to all places of a byte in turn. */
const STEP = LONG ? 1 : 7

function* flips(bytes: Uint8Array): Generator<[bit: number, flipped: Uint8Array]> {
  for (let bit = 0; bit < bytes.length * 8; bit += STEP) {
    const flipped = Uint8Array.from(bytes)
    flipped[bit >> 3]! ^= 1 << (bit & 7)
    yield [bit, flipped]
  }
}

const isRefusal = (code: string) => /^[A-Z_]+$/.test(code)

test('the unchanged bundle and order are admitted', () => {
  expect(verdict(admission.file)).toBe('admitted')
  expect(textVerdict(utf8(orderText))).toBe('admitted')
})

describe('without a key', () => {
  test('no bit of a signed bundle can be changed', () => {
    const admitted = [...flips(admission.file)]
      .filter(([, flipped]) => !isRefusal(verdict(flipped)))
      .map(([bit]) => bit)
    expect(admitted).toEqual([])
  })

  test('no bit of an order can be changed', () => {
    const verdicts = [...flips(utf8(orderText))].map(([bit, flipped]) => ({ bit, code: textVerdict(flipped) }))
    expect(verdicts.filter(({ code }) => !isRefusal(code) && code !== 'not strict JSON')).toEqual([])
  })

  test('no bit of the input can be changed', () => {
    for (const [bit, flipped] of flips(utf8(INPUT))) {
      if ((bit & 7) === 7) continue // Not UTF-8, so not a text that could come in.
      expect(verdict(admission.file, admission.order, fromUtf8(flipped))).toBe('ORDER_MISMATCH')
    }
  })

  test('no byte of a signed bundle can be removed', () => {
    for (let length = 0; length < admission.file.length; length += STEP)
      expect(verdict(admission.file.subarray(0, length)), `${length} bytes`).toSatisfy(isRefusal)
  })

  test('no byte can be inserted', () => {
    for (let at = 0; at <= admission.file.length; at += 7) {
      const longer = concatBytes(admission.file.subarray(0, at), Uint8Array.of(0), admission.file.subarray(at))
      expect(verdict(longer), `at ${at}`).toSatisfy(isRefusal)
    }
  })

  test('two concatenated bundles are refused', () => {
    expect(verdict(concatBytes(admission.file, admission.file))).toBe('BUNDLE_MALFORMED')
  })

  test('nothing above 8 MB is read', () => {
    expect(verdict(new Uint8Array(MAX_BUNDLE_BYTES + 1))).toBe('BUNDLE_TOO_LARGE')
  })
})

test('an author can not make a place inflate more than the manifest says', () => {
  const level = { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } }
  const bomb = new Uint8Array(brotliCompressSync(new Uint8Array(256 * 1024 * 1024), level))
  const entry = {
    ...bundleOf().manifest.entries[0]!,
    bytes: source.length,
    stored: bomb.length,
    sha256: digestOf(bomb),
  }
  const bundle = { ...bundleOf({ entries: [entry] }), parts: new Map([['main.js', bomb]]) }
  expect(() => verifyBundle(admissionOf({ bundle }))).toThrowError(
    expect.objectContaining({ code: 'BUNDLE_MALFORMED' }),
  )
})
