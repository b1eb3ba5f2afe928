import { describe, expect, test } from 'vitest'
import { utf8 } from '../../lib/encoding/bytes.ts'
import { digestOf, sha256 } from '../../lib/encoding/digest.ts'
import { runInBrowser } from '../support/browser.ts'

// FIPS 180-4, example of "abc".
const ABC = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'

describe('SHA-256', () => {
  test('gives the digest of the standard', () => {
    expect(Buffer.from(sha256(utf8('abc'))).toString('hex')).toBe(ABC)
    expect(digestOf(utf8('abc'))).toBe(Buffer.from(ABC, 'hex').toString('base64url'))
  })

  test('gives the same without Node’s crypto module', async () => {
    const digest = await runInBrowser<string>(`
      import { digestOf } from './lib/encoding/digest.ts'
      globalThis.result = digestOf(new TextEncoder().encode('abc'))
    `)
    expect(digest).toBe(digestOf(utf8('abc')))
  })
})
