import { describe, expect, test } from 'vitest'
import { FORMAT_VERSION } from '../../lib/format-version.ts'
import { MAX_INLINE_BUNDLE_BYTES, MAX_INPUT_BYTES, parseInvocation } from '../../lib/host/invocation.ts'

const good = { lander: FORMAT_VERSION, bundle: { inline: 'AAAA' }, order: {}, input: 'null' }
const malformed = expect.objectContaining({ code: 'REQUEST_MALFORMED', situation: 'refused' })

describe('parseInvocation', () => {
  test('reads an inline bundle, and the digest of a stored one', () => {
    expect(parseInvocation(good)).toEqual(good)
    const digest = { ...good, bundle: { sha256: 'A'.repeat(43) } }
    expect(parseInvocation(digest)).toEqual(digest)
  })

  test.each([
    ['nothing', null],
    ['a text', 'run this'],
    ['a list', []],
    ['a version that is no number', { ...good, lander: '2' }],
    ['an unknown field', { ...good, extra: true }],
    ['an unknown way for the bundle to come', { ...good, bundle: { url: 'AAAA' } }],
    ['two ways at once', { ...good, bundle: { inline: 'AAAA', sha256: 'A'.repeat(43) } }],
    ['a bundle that is not base64url', { ...good, bundle: { inline: 'AA+/' } }],
    ['a digest of another length', { ...good, bundle: { sha256: 'A'.repeat(42) } }],
    ['a path in place of a digest', { ...good, bundle: { sha256: `../${'A'.repeat(40)}` } }],
    ['an input that is not text', { ...good, input: { a: 1 } }],
    ['an entry that is none', { ...good, entry: 'constructor' }],
    ['a bundle above the limit', { ...good, bundle: { inline: 'A'.repeat(2 * MAX_INLINE_BUNDLE_BYTES) } }],
    ['an input above the limit', { ...good, input: ' '.repeat(MAX_INPUT_BYTES + 1) }],
  ])('refuses %s', (_, event) => {
    expect(() => parseInvocation(event)).toThrow(malformed)
  })
})
