import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concatBytes, utf8 } from '../../lib/encoding/bytes.ts'
import {
  decodeEnvelope,
  type EnvelopeJson,
  encodeEnvelope,
  envelopeToJson,
  parseEnvelope,
  preAuthEncoding,
  signEnvelope,
} from '../../lib/trust/envelope.ts'
import { keyFromSeed } from '../../lib/trust/keys.ts'
import { alice, bob } from './fixture.ts'

const TYPE = 'application/vnd.lander.test+json'
const payload = utf8('{"a":1}')
const envelope = signEnvelope(TYPE, payload, [alice, bob])
const json = envelopeToJson(envelope)
const binary = encodeEnvelope(envelope)

const golden = (name: string) => readFileSync(new URL(`../golden/trust/${name}`, import.meta.url))
const malformed = expect.objectContaining({ situation: 'refused', code: 'ENVELOPE_MALFORMED' })
const fiveKeys = Array.from({ length: 5 }, (_, index) => keyFromSeed(new Uint8Array(32).fill(10 + index)))

describe('what is signed', () => {
  test('is the pre-authentication encoding of the DSSE specification', () => {
    const encoded = preAuthEncoding('http://example.com/HelloWorld', utf8('hello world'))
    expect(Buffer.from(encoded).toString()).toBe('DSSEv1 29 http://example.com/HelloWorld 11 hello world')
  })

  test('counts bytes, not characters', () => {
    expect(Buffer.from(preAuthEncoding('é', utf8('ü'))).toString()).toBe('DSSEv1 2 é 2 ü')
  })

  test('differs whenever type or payload differ', () => {
    const pair = fc.tuple(fc.string(), fc.uint8Array({ maxLength: 8 }))
    fc.assert(
      fc.property(pair, pair, ([typeA, payloadA], [typeB, payloadB]) => {
        fc.pre(typeA !== typeB || Buffer.compare(payloadA, payloadB) !== 0)
        expect(preAuthEncoding(typeA, payloadA)).not.toEqual(preAuthEncoding(typeB, payloadB))
      }),
    )
  })
})

describe('an envelope', () => {
  test('is read back from JSON and from its binary form', () => {
    expect(parseEnvelope(JSON.parse(JSON.stringify(json)))).toEqual(envelope)
    expect(decodeEnvelope(binary, TYPE)).toEqual(envelope)
  })

  test('has the bytes of the golden files', () => {
    expect(`${JSON.stringify(json, null, 2)}\n`).toBe(golden('envelope.json').toString())
    expect(Buffer.from(binary).equals(golden('envelope.bin'))).toBe(true)
    expect(Buffer.from(preAuthEncoding(TYPE, payload)).equals(golden('pre-auth-encoding.txt'))).toBe(true)
  })

  test('takes one to four distinct keys', () => {
    expect(signEnvelope(TYPE, payload, fiveKeys.slice(0, 4)).signatures).toHaveLength(4)
    expect(() => signEnvelope(TYPE, payload, [])).toThrowError(expect.objectContaining({ code: 'SIGNATURE_MISSING' }))
    expect(() => signEnvelope(TYPE, payload, fiveKeys)).toThrowError(malformed)
    expect(() => signEnvelope(TYPE, payload, [alice, alice])).toThrowError(malformed)
  })
})

describe('an envelope in JSON is refused', () => {
  const [first, second] = json.signatures as [EnvelopeJson['signatures'][0], EnvelopeJson['signatures'][0]]
  const others = Array.from({ length: 4 }, (_, index) => ({ ...first, keyid: `${index}`.repeat(22) }))

  test.each<[string, unknown]>([
    ['that is null', null],
    ['that is text', JSON.stringify(json)],
    ['that is a list', [json]],
    ['with an unknown field', { ...json, comment: '' }],
    ['with a member named __proto__', JSON.parse(JSON.stringify(json).replace('{', '{"__proto__":{},'))],
    ['without a payload', { payloadType: TYPE, signatures: json.signatures }],
    ['with a payload that is no text', { ...json, payload: 1 }],
    ['with a payload in base64url', { ...json, payload: Buffer.from([251, 255]).toString('base64url') }],
    ['with a payload of spare bits', { ...json, payload: 'QR==' }],
    ['with white space in the payload', { ...json, payload: `${json.payload}\n` }],
    ['with a payload above 16 KB', { ...json, payload: Buffer.alloc(16 * 1024 + 3).toString('base64') }],
    ['with a long type', { ...json, payloadType: 'x'.repeat(129) }],
    ['with five signatures', { ...json, signatures: [first, ...others] }],
    ['with one key twice', { ...json, signatures: [first, { ...second, keyid: first.keyid }] }],
    ['with a short key id', { ...json, signatures: [{ ...first, keyid: 'abc' }] }],
    ['with a strange key id', { ...json, signatures: [{ ...first, keyid: '!'.repeat(22) }] }],
    ['with a short signature', { ...json, signatures: [{ ...first, sig: first.sig.slice(4) }] }],
    ['with a signature of spare bits', { ...json, signatures: [{ ...first, sig: `${first.sig.slice(0, 85)}B==` }] }],
    ['with an unknown field in a signature', { ...json, signatures: [{ ...first, cert: '' }] }],
    ['with signatures that are no list', { ...json, signatures: first }],
  ])('%s', (_, value) => {
    expect(() => parseEnvelope(value)).toThrowError(malformed)
  })

  test('without a signature, with its own code', () => {
    expect(() => parseEnvelope({ ...json, signatures: [] })).toThrowError(
      expect.objectContaining({ code: 'SIGNATURE_MISSING' }),
    )
  })

  test('without quoting its content', () => {
    const secret = { ...json, payload: 'the-secret-text' }
    expect(() => parseEnvelope(secret)).toThrowError(/^the envelope is malformed$/)
  })
})

describe('an envelope in binary is refused', () => {
  test('cut before its payload', () => {
    expect(() => decodeEnvelope(new Uint8Array(), TYPE)).toThrowError(malformed)
    for (let length = 1; length < binary.length - payload.length; length++)
      expect(() => decodeEnvelope(binary.subarray(0, length), TYPE), `${length} bytes`).toThrowError(malformed)
  })

  test.each([[[0]], [[0, ...payload]]])('without a signature', (bytes) => {
    expect(() => decodeEnvelope(Uint8Array.from(bytes), TYPE)).toThrowError(
      expect.objectContaining({ code: 'SIGNATURE_MISSING' }),
    )
  })

  test('with five signatures, or the same key twice', () => {
    const record = binary.subarray(1, 1 + 86)
    expect(() => decodeEnvelope(concatBytes(Uint8Array.of(5), binary.subarray(1)), TYPE)).toThrowError(malformed)
    expect(() => decodeEnvelope(concatBytes(Uint8Array.of(2), record, record, payload), TYPE)).toThrowError(malformed)
  })

  test('with a key id that is not base64url', () => {
    const strange = Uint8Array.from(binary)
    strange[1] = 0xe9
    expect(() => decodeEnvelope(strange, TYPE)).toThrowError(malformed)
  })

  test('with a payload above 16 KB', () => {
    const record = binary.subarray(1, 1 + 86)
    const fits = concatBytes(Uint8Array.of(1), record, new Uint8Array(16 * 1024))
    expect(decodeEnvelope(fits, TYPE).payload).toHaveLength(16 * 1024)
    expect(() => decodeEnvelope(concatBytes(fits, Uint8Array.of(0)), TYPE)).toThrowError(malformed)
  })
})
