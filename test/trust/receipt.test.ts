import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { toBase64url } from '../../lib/encoding/base64url.ts'
import { parseStrictJson } from '../../lib/encoding/strict-json.ts'
import { FORMAT_VERSION } from '../../lib/format-version.ts'
import { DEFAULT_LIMITS } from '../../lib/limits.ts'
import { envelopeToJson, signEnvelope } from '../../lib/trust/envelope.ts'
import { createFleetSecret, deriveReceiptKey, rotateSecret } from '../../lib/trust/fleet-secret.ts'
import { randomId } from '../../lib/trust/keys.ts'
import { ORDER_TYPE } from '../../lib/trust/order.ts'
import {
  RECEIPT_TYPE,
  type ReceiptDraft,
  type ReceiptObject,
  type ReceiptTrust,
  resultDigest,
  signReceipt,
  summarizeObjects,
  type VerifiedReceipt,
  verifyReceipt,
  verifyReceiptChain,
} from '../../lib/trust/receipt.ts'
import { runInBrowser } from '../support/browser.ts'
import { alice, bob, ENGINE, fixedRandom, mallory, NOW } from './fixture.ts'

const secret = rotateSecret(createFleetSecret(fixedRandom), NOW, { random: (length) => new Uint8Array(length).fill(8) })
const former = { epoch: 1, key: deriveReceiptKey(secret, 'default', 1) }
const current = { epoch: 2, key: deriveReceiptKey(secret, 'default', 2) }
const trust: ReceiptTrust = {
  fleet: 'default',
  keys: new Map([former, current].map(({ epoch, key }) => [epoch, key.publicKey])),
}

const read = (key: string, bytesRead = 10): ReceiptObject => ({ bucket: 'logs', key, etag: 'e1', size: 20, bytesRead })

function draftOf(changes: Partial<ReceiptDraft> = {}): ReceiptDraft {
  return {
    fleet: 'default',
    region: 'eu-west-1',
    mission: randomId(fixedRandom),
    branch: 'eu-west-1',
    sequence: 0,
    entry: 'run',
    manifest: ENGINE,
    authors: [alice.keyId],
    sender: bob.keyId,
    input: ENGINE,
    policy: 3,
    limits: DEFAULT_LIMITS,
    objects: summarizeObjects([read('logs/a.csv'), read('logs/b.csv')]),
    bytesReturned: 12,
    outcome: 'completed',
    result: resultDigest({ total: 4.5 }),
    startedAt: NOW,
    endedAt: NOW + 1200,
    previous: null,
    ...changes,
  }
}

const signed = signReceipt(draftOf(), current)

describe('a receipt', () => {
  test('is read as it was signed', () => {
    expect(verifyReceipt(signed, trust).receipt).toEqual({ lander: FORMAT_VERSION, epoch: 2, ...draftOf() })
  })

  test('is verified in a browser too', async () => {
    const { outcome, refused } = await runInBrowser<{ outcome: string; refused: string }>(`
      import { verifyReceipt } from './lib/trust/index.ts'
      import { fromBase64url } from './lib/encoding/base64url.ts'
      const trust = { fleet: 'default', keys: new Map([[2, fromBase64url('${toBase64url(current.key.publicKey)}')]]) }
      const signed = ${JSON.stringify(signed)}
      let refused
      try { verifyReceipt({ ...signed, payload: signed.payload.replace('A', 'B') }, trust) } catch (error) { refused = error.code }
      globalThis.result = { outcome: verifyReceipt(signed, trust).receipt.outcome, refused }
    `)
    expect([outcome, refused]).toEqual(['completed', 'SIGNATURE_INVALID'])
  })

  test('of the former epoch remains valid', () => {
    expect(verifyReceipt(signReceipt(draftOf(), former), trust).receipt.epoch).toBe(1)
  })

  test('fails when any one byte of its file is another', { timeout: 60_000 }, () => {
    const file = new TextEncoder().encode(JSON.stringify(signed))
    const holds = (bytes: Uint8Array) => {
      try {
        verifyReceipt(parseStrictJson(bytes, { maxLength: 100_000 }), trust)
        return true
      } catch {
        return false
      }
    }
    expect(holds(file)).toBe(true)
    const altered = (index: number, mask: number) => file.with(index, file[index]! ^ mask)
    for (const index of file.keys()) expect(holds(altered(index, 1 + (index % 255))), `byte ${index}`).toBe(false)
    const anyByte = fc.nat(file.length - 1)
    const anyMask = fc.integer({ min: 1, max: 255 })
    fc.assert(fc.property(anyByte, anyMask, (index, mask) => !holds(altered(index, mask))))
  })

  test('is refused by a key that is not the fleet’s', () => {
    expect(() => verifyReceipt(signReceipt(draftOf(), { epoch: 2, key: mallory }), trust)).toThrow(code('KEY_UNKNOWN'))
  })

  test('is refused when it names another epoch than that of its key', () => {
    const lying = signReceipt(draftOf(), { epoch: 1, key: current.key })
    expect(() => verifyReceipt(lying, trust)).toThrow(code('KEY_UNKNOWN'))
  })

  test('is refused with a second signature', () => {
    const payload = Buffer.from(signed.payload, 'base64')
    const both = envelopeToJson(signEnvelope(RECEIPT_TYPE, payload, [current.key, former.key]))
    expect(() => verifyReceipt(both, trust)).toThrow(code('KEY_UNKNOWN'))
  })

  test('is refused when its epoch is not among the keys', () => {
    const behind = { ...trust, keys: new Map([[1, former.key.publicKey]]) }
    expect(() => verifyReceipt(signed, behind)).toThrow(code('KEY_UNKNOWN'))
  })

  test('is refused for another fleet', () => {
    expect(() => verifyReceipt(signed, { ...trust, fleet: 'other' })).toThrow(code('WRONG_FLEET'))
  })

  test('is refused as a document of another type', () => {
    const payload = Buffer.from(signed.payload, 'base64')
    const order = envelopeToJson(signEnvelope(ORDER_TYPE, payload, [current.key]))
    expect(() => verifyReceipt(order, trust)).toThrow(code('ENVELOPE_MALFORMED'))
    expect(() => verifyReceipt({ ...order, payloadType: RECEIPT_TYPE }, trust)).toThrow(code('SIGNATURE_INVALID'))
  })

  const malformed: Record<string, Partial<Record<keyof ReceiptDraft, unknown>>> = {
    'a result without completion': { outcome: 'failed' },
    'completion without a result': { result: null },
    'a fraction of a byte': { bytesReturned: 0.5 },
    'no author': { authors: [] },
    'one author twice': { authors: [alice.keyId, alice.keyId] },
    'an unknown outcome': { outcome: 'fine' },
    'more objects listed than counted': { objects: { ...summarizeObjects([read('a')]), count: 0 } },
  }
  test.each(Object.entries(malformed))('is not signed with %s', (_, changes) => {
    expect(() => signReceipt(draftOf(changes as Partial<ReceiptDraft>), current)).toThrow()
  })

  test('is refused with an unknown field', () => {
    const payload = Buffer.from(JSON.stringify({ lander: FORMAT_VERSION, epoch: 2, ...draftOf(), note: 'hello' }))
    const envelope = envelopeToJson(signEnvelope(RECEIPT_TYPE, payload, [current.key]))
    expect(() => verifyReceipt(envelope, trust)).toThrow(code('RECEIPT_MALFORMED'))
  })
})

describe('the objects of a receipt', () => {
  test('are all named if they are few', () => {
    const reads = [read('a', 1), read('b', 2)]
    expect(summarizeObjects(reads)).toMatchObject({ count: 2, bytesRead: 3, listed: reads })
  })

  test('are bounded, however many and however long their keys', () => {
    const reads = Array.from({ length: 5000 }, (_, i) => read(`${i}`.padStart(1024, '\u0001')))
    const objects = summarizeObjects(reads)
    expect(objects).toMatchObject({ count: 5000, bytesRead: 50_000 })
    expect(objects.listed).toEqual(reads.slice(0, objects.listed.length))
    expect(() => signReceipt(draftOf({ objects }), current)).not.toThrow()
  })

  test('have a digest that changes with any of them, listed or not', () => {
    const reads = Array.from({ length: 200 }, (_, i) => read(`${i}`))
    const whole = summarizeObjects(reads).digest
    fc.assert(
      fc.property(fc.nat(199), (index) => {
        expect(summarizeObjects(reads.with(index, { ...reads[index]!, etag: 'e2' })).digest).not.toBe(whole)
      }),
      { numRuns: 20 },
    )
  })
})

describe('a chain of receipts', () => {
  const chainOf = (length: number): VerifiedReceipt[] => {
    const chain: VerifiedReceipt[] = []
    for (let sequence = 0; sequence < length; sequence++) {
      const draft = draftOf({ sequence, previous: chain.at(-1)?.digest ?? null, region: `eu-west-${sequence + 1}` })
      chain.push(verifyReceipt(signReceipt(draft, sequence % 2 === 0 ? former : current), trust))
    }
    return chain
  }
  const chain = chainOf(4)

  test('is valid from the first landing to the last, also across a rotation', () => {
    expect(() => verifyReceiptChain(chain)).not.toThrow()
    expect(() => verifyReceiptChain(chain.slice(0, 1))).not.toThrow()
  })

  test.each([
    ['without its first', chain.slice(1)],
    ['with a gap', [chain[0]!, chain[2]!]],
    ['in another order', [chain[0]!, chain[2]!, chain[1]!]],
    ['with one twice', [chain[0]!, chain[0]!]],
  ])('breaks %s', (_, receipts) => {
    expect(() => verifyReceiptChain(receipts)).toThrow(code('RECEIPT_CHAIN_BROKEN'))
  })

  test('a copy continues the chain of the agent that sent it, another agent does not', () => {
    const next = (branch: string) =>
      verifyReceipt(signReceipt(draftOf({ sequence: 1, previous: chain[0]!.digest, branch }), current), trust)
    expect(() => verifyReceiptChain([chain[0]!, next('eu-west-1/0.1')])).not.toThrow()
    for (const other of ['eu-west-2', 'eu-west-10', 'eu'])
      expect(() => verifyReceiptChain([chain[0]!, next(other)])).toThrow(code('RECEIPT_CHAIN_BROKEN'))
  })

  test('breaks at a receipt of another mission', () => {
    const other = draftOf({ sequence: 1, previous: chain[0]!.digest, mission: 'CAgICAgICAgICAgICAgICA' })
    expect(() => verifyReceiptChain([chain[0]!, verifyReceipt(signReceipt(other, current), trust)])).toThrow(
      code('RECEIPT_CHAIN_BROKEN'),
    )
  })
})

const code = (expected: string) => expect.objectContaining({ code: expected })
