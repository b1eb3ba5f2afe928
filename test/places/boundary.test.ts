/** Attacks on state on its way between a region and the client's places. */

import { describe, expect, test } from 'vitest'
import { readManifest } from '../../lib/author/sign-order.ts'
import { createClientCodec } from '../../lib/client/client-codec.ts'
import { createClientTrustDomain } from '../../lib/client/trust-domain.ts'
import { toBase64url } from '../../lib/encoding/base64url.ts'
import { receiptTrustOf } from '../../lib/fleet/receipt-keys.ts'
import { FORMAT_VERSION } from '../../lib/format-version.ts'
import { createHost, type Host } from '../../lib/host/host.ts'
import type { Invocation } from '../../lib/host/invocation.ts'
import type { LandingReply } from '../../lib/host/landing-result.ts'
import type { StateRef } from '../../lib/host/state-ref.ts'
import { createMemoryStore } from '../../lib/objects/memory.ts'
import { engineDigest } from '../../lib/sandbox/contract/assets.ts'
import type { SigningKey } from '../../lib/trust/keys.ts'
import { type SignedMessages, signMessages } from '../../lib/trust/messages.ts'
import { createOrder, signOrder } from '../../lib/trust/order.ts'
import { type VerifiedReceipt, verifyReceipt, verifyReceiptChain } from '../../lib/trust/receipt.ts'
import { type ClientStateKey, createClientStateKey } from '../../lib/trust/state/client-sealed.ts'
import {
  agentOf,
  bytesOf,
  codeOf,
  createWorld,
  departureOf,
  EU,
  inlineRef,
  US,
  type World,
} from '../support/fleet-of-hosts.ts'
import { signedAgent } from '../support/launches.ts'
import { useSandbox } from '../support/sandbox.ts'
import { alice, bob, DAY_MS, NOW } from '../trust/fixture.ts'

const sandbox = useSandbox()
const OWN = 'laptop'

interface Options {
  readonly body?: string
  /** Whether the manifest and the keys' policies allow state export. */
  readonly manifest?: boolean
  readonly policy?: boolean
  readonly authors?: readonly SigningKey[]
  /** The keys that the client place has. */
  readonly keys?: readonly SigningKey[]
  readonly own?: string
}

/** Sets up one mission, a client place, and the regions. */
async function setUp({ body = ROUND_TRIP, manifest = true, policy = true, ...options }: Options = {}) {
  const { authors = [alice], keys = [alice, bob], own = OWN } = options
  const world = createWorld({ sandbox: sandbox.sandbox(), assets: sandbox.assets, exportState: policy })
  const file = signedAgent(sandbox.assets, body, { exportState: manifest, authors })
  const key = createClientStateKey()
  const places = { places: [own], key: toBase64url(key.publicKey) }
  const order = createOrder({
    manifest: readManifest(file),
    input: 'null',
    now: NOW,
    fleet: 'default',
    regions: [EU, US],
    clientPlaces: places,
  })
  const base = baseOf(file, signOrder(order, bob))
  const client = await ownHost(world, { keys, key, name: own })
  return { world, client, order, base, key, file }
}

const ROUND_TRIP = `const seen = [here.region]; for (const place of input ?? ['${EU}', '${OWN}']) { await hop(place); seen.push(here.region) }; return seen`

function baseOf(file: Uint8Array, order: Invocation['order']) {
  return {
    lander: FORMAT_VERSION,
    bundle: { inline: Buffer.from(file).toString('base64url') },
    order,
    input: 'null',
  } as const
}

async function ownHost(
  { clock, fleet }: World,
  { keys, key, name = OWN }: { keys: readonly SigningKey[]; key: ClientStateKey; name?: string },
): Promise<Host> {
  const domain = await createClientTrustDomain({ keys: [alice, bob], fleet, now: () => clock.now })
  const receiptKeys = new Map(
    fleet.receiptKeys.map(({ epoch, publicKey }) => [epoch, Buffer.from(publicKey, 'base64url')]),
  )
  return createHost({
    fleet: fleet.name,
    region: name,
    isClientPlace: true,
    engine: engineDigest(sandbox.assets),
    now: () => clock.now,
    agents: domain.bucket,
    policy: { current: async () => domain.keyring },
    sandbox: sandbox.sandbox(),
    data: createMemoryStore(),
    regionOf: async () => undefined,
    secret: domain.secret,
    codec: createClientCodec({ authors: keys, keyOf: () => key, receiptKeys }),
  })
}

const resume = (base: object, state: StateRef) => ({ ...base, entry: 'resume' as const, state })
const completed = (value: unknown) => ({ landingResult: { outcome: { kind: 'completed', value } } })
const flipped = (bytes: Uint8Array, at: number) =>
  Uint8Array.from(bytes, (byte, index) => (index === at ? byte ^ 1 : byte))

describe('state from a client place', () => {
  test('lands in its region, and returns to the client', async () => {
    const { world, client, base } = await setUp()
    const out = agentOf(await client.invoke(base))
    expect(out).toMatchObject({ to: EU, branch: OWN, sequence: 1 })
    const back = agentOf(await world.invoke(EU, resume(base, out.ref)))
    expect(back).toMatchObject({ to: OWN, sequence: 2 })
    expect(await client.invoke(resume(base, back.ref))).toMatchObject(completed([OWN, EU, OWN]))
  })

  test('lands once, and in no other region', async () => {
    const { world, client, base } = await setUp()
    const { ref } = agentOf(await client.invoke(base))
    expect(codeOf(await world.invoke(US, resume(base, ref)))).toBe('STATE_MISMATCH')
    expect(codeOf(await client.invoke(resume(base, ref)))).toBe('STATE_MALFORMED')
    expect(codeOf(await world.invoke(EU, resume(base, ref)))).toBeUndefined()
    expect(codeOf(await world.invoke(EU, resume(base, ref)))).toBe('REPLAYED')
  })

  test('is refused if any part of it was altered', async () => {
    const { world, client, base } = await setUp()
    const bytes = bytesOf(agentOf(await client.invoke(base)).ref)
    const codes = new Map<number, string | undefined>()
    for (const at of [0, 4, 6, 8, 40, 120, 400, 900, bytes.length - 2000, bytes.length - 1])
      codes.set(at, codeOf(await world.invoke(EU, resume(base, inlineRef(flipped(bytes, at))))))
    expect([...codes.values()].filter((code) => code === undefined)).toEqual([])
    expect(codes.get(120)).toBe('SIGNATURE_INVALID')
    expect(codes.get(bytes.length - 1)).toBe('STATE_INVALID')
    expect(codeOf(await world.invoke(EU, resume(base, inlineRef(bytes.subarray(0, bytes.length - 1)))))).toBe(
      'STATE_INVALID',
    )
    expect(codeOf(await world.invoke(EU, resume(base, inlineRef(new Uint8Array([...bytes, 0])))))).toBe('STATE_INVALID')
  })

  test('is refused in another mission of the same code', async () => {
    const { world, client, base, file, order } = await setUp()
    const { ref } = agentOf(await client.invoke(base))
    const other = { ...order, mission: 'AAAAAAAAAAAAAAAAAAAAAA', nonce: 'AAAAAAAAAAAAAAAAAAAAAA' }
    expect(codeOf(await world.invoke(EU, resume(baseOf(file, signOrder(other, bob)), ref)))).toBe('STATE_MISMATCH')
  })

  test('is refused after its order has expired, and in another fleet', async () => {
    const { world, client, base } = await setUp()
    const { ref } = agentOf(await client.invoke(base))
    const elsewhere = createWorld({ sandbox: sandbox.sandbox(), assets: sandbox.assets, fleet: 'other' })
    expect(codeOf(await elsewhere.invoke(EU, resume(base, ref)))).toBe('WRONG_FLEET')
    world.clock.now += DAY_MS
    expect(codeOf(await world.invoke(EU, resume(base, ref)))).toBe('EXPIRED')
  })

  test('is accepted from everyone who signed the code, and from no other key', async () => {
    const both = await setUp({ authors: [alice, bob] })
    expect(
      codeOf(await both.world.invoke(EU, resume(both.base, agentOf(await both.client.invoke(both.base)).ref))),
    ).toBeUndefined()
    // Alice wrote the code. Bob may send it, and signs a state with his own key, which the fleet trusts.
    const forged = await setUp()
    const asBob = await ownHost(forged.world, { keys: [bob], key: forged.key })
    expect(codeOf(await asBob.invoke(forged.base))).toBe('POLICY_DENIED')
    const bobs = await setUp({ authors: [bob], body: ROUND_TRIP })
    const theirs = agentOf(await bobs.client.invoke(bobs.base)).ref
    expect(codeOf(await forged.world.invoke(EU, resume(forged.base, theirs)))).toBe('POLICY_DENIED')
  })

  test('is refused from a place that the order does not name', async () => {
    const { world, base, file, order } = await setUp()
    const other = await setUp({ own: 'desktop' })
    const named = baseOf(
      file,
      signOrder({ ...order, clientPlaces: { ...order.clientPlaces!, places: ['desktop'] } }, bob),
    )
    const { ref } = agentOf(
      await (await ownHost(world, { keys: [alice], key: other.key, name: 'desktop' })).invoke(named),
    )
    expect(codeOf(await world.invoke(EU, resume(base, ref)))).toBe('STATE_MISMATCH')
  })

  test('is bounded before it is decompressed', async () => {
    const { world, client, base, file, order } = await setUp()
    const { ref } = agentOf(await client.invoke(base))
    const limits = { ...order.limits, stateBytes: 1000 }
    const tight = baseOf(file, signOrder({ ...order, limits }, bob))
    expect(codeOf(await world.invoke(EU, resume(tight, ref)))).toBe('STATE_TOO_LARGE')
  })
})

describe('exported state', () => {
  async function comingToClient(options: Options = {}) {
    const setting = await setUp(options)
    const out = agentOf(await setting.client.invoke(setting.base))
    return { ...setting, reply: await setting.world.invoke(EU, resume(setting.base, out.ref)) }
  }

  test('is exported only if manifest and keys allow it; otherwise the agent gets an error', async () => {
    const body = `await hop('${EU}'); return await hop('${OWN}').catch((error) => error.code)`
    for (const denied of [{ manifest: false }, { policy: false }])
      expect((await comingToClient({ body, ...denied })).reply).toMatchObject(completed('PLACE_UNKNOWN'))
    expect(agentOf((await comingToClient({ body })).reply)).toMatchObject({ to: OWN })
  })

  test('opens only with the key of its mission', async () => {
    const { reply, world, base } = await comingToClient()
    const other = await ownHost(world, { keys: [alice], key: createClientStateKey() })
    expect(codeOf(await other.invoke(resume(base, agentOf(reply).ref)))).toBe('STATE_INVALID')
  })

  test('is refused if altered, or if not made by the fleet', async () => {
    const { reply, client, base, world, key } = await comingToClient()
    const bytes = bytesOf(agentOf(reply).ref)
    for (const at of [5, 60, 500, bytes.length - 100, bytes.length - 1])
      expect(codeOf(await client.invoke(resume(base, inlineRef(flipped(bytes, at)))))).toBeDefined()
    expect(codeOf(await client.invoke(resume(base, inlineRef(flipped(bytes, bytes.length - 500)))))).toBe(
      'SIGNATURE_INVALID',
    )
    const stranger = { ...world.fleet, receiptKeys: [{ epoch: 1, publicKey: toBase64url(bob.publicKey) }] }
    const trusting = await ownHost({ ...world, fleet: stranger }, { keys: [alice], key })
    expect(codeOf(await trusting.invoke(resume(base, inlineRef(bytes))))).toBe('SIGNATURE_INVALID')
    expect(await client.invoke(resume(base, inlineRef(bytes)))).toMatchObject(completed([OWN, EU, OWN]))
    expect(codeOf(await client.invoke(resume(base, inlineRef(bytes))))).toBe('REPLAYED')
  })

  test('does not land in a region', async () => {
    const { reply, world, base } = await comingToClient()
    expect(codeOf(await world.invoke(EU, resume(base, agentOf(reply).ref)))).toBeDefined()
  })

  test('contains no cleartext that was read in the region', async () => {
    const body = `await hop('${EU}'); const rows = []; for await (const line of here.lines()) rows.push(line); await hop('${OWN}'); return rows.length`
    const setting = await setUp({ body })
    const MARKER = 'a-secret-that-was-read'
    setting.world.data[EU]!.put('logs-eu', 'a', `${MARKER}\n`.repeat(50))
    const out = agentOf(await setting.client.invoke(setting.base))
    const reply = await setting.world.invoke(EU, resume(setting.base, out.ref))
    expect(Buffer.from(bytesOf(agentOf(reply).ref)).includes(MARKER)).toBe(false)
    expect(setting.world.wire.join()).not.toContain(MARKER)
    expect(await setting.client.invoke(resume(setting.base, agentOf(reply).ref))).toMatchObject(completed(50))
  })

  test('a copy’s answer is returned without its state, and is bounded like a result', async () => {
    const body = `return await at('${EU}', () => 'from ' + here.region)`
    const { client, world, base } = await setUp({ body, manifest: false })
    const left = departureOf(await client.invoke(base))
    if (!('copies' in left)) throw new Error('no copies')
    const answered = departureOf(await world.invoke(EU, resume(base, left.copies[0]!.ref)))
    if (!('answer' in answered)) throw new Error('no answer')
    const land = { ...resume(base, left.agent.ref), answers: [answered.answer.ref] }
    expect(await client.invoke(land)).toMatchObject(completed(`from ${EU}`))
  })

  test('continues the receipts of earlier regions', async () => {
    const body = `for (const place of ['${EU}', '${OWN}', '${US}']) await hop(place); return here.region`
    const { client, world, base } = await setUp({ body })
    const replies: LandingReply[] = []
    let stateRef = agentOf(await client.invoke(base)).ref
    replies.push(await world.invoke(EU, resume(base, stateRef)))
    stateRef = agentOf(replies[0]!).ref
    stateRef = agentOf(await client.invoke(resume(base, stateRef))).ref
    replies.push(await world.invoke(US, resume(base, stateRef)))
    const receipts = replies.map((reply) => verifiedReceipt(reply, world))
    expect(() => verifyReceiptChain(receipts)).not.toThrow()
    expect(() => verifyReceiptChain(receipts.slice(1))).toThrow(
      expect.objectContaining({ code: 'RECEIPT_CHAIN_BROKEN' }),
    )
  })
})

function verifiedReceipt(reply: LandingReply, { fleet }: World): VerifiedReceipt {
  if (!('landingResult' in reply)) throw new Error('no landing result')
  return verifyReceipt(reply.landingResult.receipt, receiptTrustOf(fleet))
}

describe('messages', () => {
  const body = `const { from, message } = await receive(); return [from, message]`
  const messages = (order: { mission: string }, changes: Partial<SignedMessages> = {}, key = bob) =>
    signMessages(
      { mission: order.mission, branch: EU, sequence: 0, messages: [{ from: 'launcher', body: '"hi"' }], ...changes },
      key,
    )

  test('reach the agent in the landing that they name', async () => {
    const { world, base, order } = await setUp({ body })
    expect(await world.invoke(EU, { ...base, messages: messages(order) })).toMatchObject(completed(['launcher', 'hi']))
  })

  test('are refused from other senders, if altered, and for another landing', async () => {
    const { world, base, order } = await setUp({ body })
    const invoke = async (envelope: unknown) => codeOf(await world.invoke(EU, { ...base, messages: envelope }))
    expect(await invoke(messages(order, {}, alice))).toBe('POLICY_DENIED')
    expect(await invoke(messages(order, { sequence: 1 }))).toBe('ORDER_MISMATCH')
    expect(await invoke(messages(order, { branch: US }))).toBe('ORDER_MISMATCH')
    expect(await invoke(messages(order, { mission: 'AAAAAAAAAAAAAAAAAAAAAA' }))).toBe('ORDER_MISMATCH')
    const good = messages(order)
    expect(await invoke({ ...good, payload: messages(order, { messages: [] }).payload })).toBe('SIGNATURE_INVALID')
    expect(await invoke('hi')).toBe('ENVELOPE_MALFORMED')
    expect(await invoke(good)).toBeUndefined()
  })

  test('are impossible without a sender, so an agent that waits for one fails as stalled', async () => {
    const { world, base } = await setUp({ body })
    expect(await world.invoke(EU, base)).toMatchObject({
      landingResult: { outcome: { kind: 'failed', error: { code: 'AGENT_STALLED' } } },
    })
  })

  test('count towards the limit of an agent’s result', async () => {
    const { world, base, order } = await setUp({ body: `for (;;) send('x'.repeat(100_000))` })
    expect(await world.invoke(EU, { ...base, messages: messages(order) })).toMatchObject({
      landingResult: { outcome: { kind: 'stopped', limit: 'resultBytes' } },
    })
  })
})
