import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { utf8 } from '../../lib/encoding/bytes.ts'
import { admitKey, verifyStrict } from '../../lib/trust/ed25519.ts'

/**
 * Published vectors, read from LANDER_VECTORS or from ../shared/vectors beside the project. They are not part of the
 * project; ed25519.test.ts makes vectors of its own for each rule.
 *
 * - wycheproof-ed25519.json: C2SP/wycheproof, testvectors_v1/ed25519_test.json
 * - speccheck-ed25519.json: novifinancial/ed25519-speccheck, cases.json
 * - cctv-ed25519.json: C2SP/CCTV, ed25519/ed25519vectors.json
 */
const folder = process.env.LANDER_VECTORS ?? fileURLToPath(new URL('../../../shared/vectors', import.meta.url))
const absent = !existsSync(folder)
const note = absent ? ' (skipped: ../shared/vectors is absent; set LANDER_VECTORS to a folder that holds them)' : ''

interface Wycheproof {
  testGroups: { publicKey: { pk: string }; tests: { tcId: number; msg: string; sig: string; result: string }[] }[]
}
type Speccheck = { message: string; pub_key: string; signature: string }[]
type Cctv = { number: number; key: string; sig: string; msg: string; flags: string[] | null }[]

describe.skipIf(absent)(`published Ed25519 vectors${note}`, () => {
  test('all 151 vectors of Wycheproof have the expected verdict', () => {
    const { testGroups } = read<Wycheproof>('wycheproof-ed25519.json')
    const all = testGroups.flatMap(({ publicKey, tests }) => tests.map((each) => ({ ...each, key: publicKey.pk })))
    const differing = all.filter(({ sig, msg, key, result }) => accepts(sig, hex(msg), key) !== (result === 'valid'))
    expect(all).toHaveLength(151)
    expect(differing.map(({ tcId }) => tcId)).toEqual([])
  })

  test('none of the 12 of speccheck is accepted', () => {
    const all = read<Speccheck>('speccheck-ed25519.json')
    expect(all).toHaveLength(12)
    expect(all.filter(({ signature, message, pub_key }) => accepts(signature, hex(message), pub_key))).toEqual([])
  })

  test('of the 914 edge points of CCTV only the ordinary one is accepted', () => {
    const all = read<Cctv>('cctv-ed25519.json')
    const accepted = all.filter(({ sig, msg, key }) => accepts(sig, utf8(msg), key))
    expect(all).toHaveLength(914)
    expect(accepted.map(({ flags }) => flags ?? [])).toEqual([[]])
  })
})

function accepts(signature: string, message: Uint8Array, publicKey: string): boolean {
  try {
    return verifyStrict(hex(signature), message, admitKey(hex(publicKey)))
  } catch (error) {
    expect(error).toMatchObject({ code: 'KEY_INVALID' })
    return false
  }
}

function read<T>(name: string): T {
  return JSON.parse(readFileSync(join(folder, name), 'utf8')) as T
}

function hex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'hex'))
}
