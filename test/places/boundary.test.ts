/** State on its way between a region and the sender's own places, under attack. */
import { describe, expect, test } from 'vitest'
import { readStatement } from '../../lib/author/sign-order.ts'
import { createOwnCrossing } from '../../lib/client/client-codec.ts'
import { createRealm } from '../../lib/client/trust-domain.ts'
import { toBase64url } from '../../lib/encoding/base64url.ts'
import { receiptTrustOf } from '../../lib/fleet/receipt-keys.ts'
import { createHost, type Host } from '../../lib/host/host.ts'
import type { Box, Invocation, Reply } from '../../lib/host/protocol.ts'
import { createMemoryStore } from '../../lib/objects/memory.ts'
import { engineDigest } from '../../lib/sandbox/contract/assets.ts'
import type { SigningKey } from '../../lib/trust/keys.ts'
import { type Letters, signLetters } from '../../lib/trust/messages.ts'
import { createOrder, signOrder } from '../../lib/trust/order.ts'
import { type VerifiedReceipt, verifyReceipt, verifyReceiptChain } from '../../lib/trust/receipt.ts'
import { createHomecomingKey, type HomecomingKey } from '../../lib/trust/state/client-sealed.ts'
import {
  agentOf,
  boxOf,
  bytesOf,
  codeOf,
  createWorld,
  departureOf,
  EU,
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
  /** Whether the statement lets state come home, and the keys' policies. */
  readonly statement?: boolean
  readonly policy?: boolean
  readonly authors?: readonly SigningKey[]
  /** The keys at hand in the own place. */
  readonly keys?: readonly SigningKey[]
  readonly own?: string
}

/** One mission, a place of the sender's own, and the regions. */
async function crossing({ body = ROUND_TRIP, statement = true, policy = true, ...options }: Options = {}) {
  const { authors = [alice], keys = [alice, bob], own = OWN } = options
  const world = createWorld({ sandbox: sandbox.sandbox(), assets: sandbox.assets, homecoming: policy })
  const file = signedAgent(sandbox.assets, body, { homecoming: statement, authors })
  const key = createHomecomingKey()
  const places = { places: [own], key: toBase64url(key.publicKey) }
  const order = createOrder({
    statement: readStatement(file),
    input: 'null',
    now: NOW,
    fleet: 'default',
    regions: [EU, US],
    own: places,
  })
  const base = baseOf(file, signOrder(order, bob))
  const home = await ownHost(world, { keys, key, name: own })
  return { world, home, order, base, key, file }
}

const ROUND_TRIP = `const seen = [here.region]; for (const place of input ?? ['${EU}', '${OWN}']) { await hop(place); seen.push(here.region) }; return seen`

function baseOf(file: Uint8Array, order: Invocation['order']) {
  return { lander: 1, bundle: { inline: Buffer.from(file).toString('base64url') }, order, input: 'null' } as const
}

async function ownHost(
  { clock, fleet }: World,
  { keys, key, name = OWN }: { keys: readonly SigningKey[]; key: HomecomingKey; name?: string },
): Promise<Host> {
  const realm = await createRealm({ keys: [alice, bob], fleet, now: () => clock.now })
  const receiptKeys = new Map(
    fleet.receiptKeys.map(({ epoch, publicKey }) => [epoch, Buffer.from(publicKey, 'base64url')]),
  )
  return createHost({
    fleet: fleet.name,
    region: name,
    own: true,
    engine: engineDigest(sandbox.assets),
    now: () => clock.now,
    agents: realm.bucket,
    policy: { current: async () => realm.keyring },
    sandbox: sandbox.sandbox(),
    data: createMemoryStore(),
    regionOf: async () => undefined,
    secret: realm.secret,
    crossing: createOwnCrossing({ authors: keys, keyOf: () => key, receiptKeys }),
  })
}

const resume = (base: object, state: Box) => ({ ...base, entry: 'resume' as const, state })
const completed = (value: unknown) => ({ settlement: { outcome: { kind: 'completed', value } } })
const flipped = (bytes: Uint8Array, at: number) =>
  Uint8Array.from(bytes, (byte, index) => (index === at ? byte ^ 1 : byte))

describe('state from a place of the sender’s own', () => {
  test('lands in the region it is for, and goes home again', async () => {
    const { world, home, base } = await crossing()
    const out = agentOf(await home.invoke(base))
    expect(out).toMatchObject({ to: EU, branch: OWN, sequence: 1 })
    const back = agentOf(await world.invoke(EU, resume(base, out.box)))
    expect(back).toMatchObject({ to: OWN, sequence: 2 })
    expect(await home.invoke(resume(base, back.box))).toMatchObject(completed([OWN, EU, OWN]))
  })

  test('lands once, and nowhere else', async () => {
    const { world, home, base } = await crossing()
    const { box } = agentOf(await home.invoke(base))
    expect(codeOf(await world.invoke(US, resume(base, box)))).toBe('STATE_MISMATCH')
    expect(codeOf(await home.invoke(resume(base, box)))).toBe('STATE_MALFORMED')
    expect(codeOf(await world.invoke(EU, resume(base, box)))).toBeUndefined()
    expect(codeOf(await world.invoke(EU, resume(base, box)))).toBe('REPLAYED')
  })

  test('is refused when any part of it was altered', async () => {
    const { world, home, base } = await crossing()
    const bytes = bytesOf(agentOf(await home.invoke(base)).box)
    const codes = new Map<number, string | undefined>()
    for (const at of [0, 4, 6, 8, 40, 120, 400, 900, bytes.length - 2000, bytes.length - 1])
      codes.set(at, codeOf(await world.invoke(EU, resume(base, boxOf(flipped(bytes, at))))))
    expect([...codes.values()].filter((code) => code === undefined)).toEqual([])
    expect(codes.get(120)).toBe('SIGNATURE_INVALID')
    expect(codes.get(bytes.length - 1)).toBe('STATE_INVALID')
    expect(codeOf(await world.invoke(EU, resume(base, boxOf(bytes.subarray(0, bytes.length - 1)))))).toBe(
      'STATE_INVALID',
    )
    expect(codeOf(await world.invoke(EU, resume(base, boxOf(new Uint8Array([...bytes, 0])))))).toBe('STATE_INVALID')
  })

  test('is refused in another mission of the same code', async () => {
    const { world, home, base, file, order } = await crossing()
    const { box } = agentOf(await home.invoke(base))
    const other = { ...order, mission: 'AAAAAAAAAAAAAAAAAAAAAA', nonce: 'AAAAAAAAAAAAAAAAAAAAAA' }
    expect(codeOf(await world.invoke(EU, resume(baseOf(file, signOrder(other, bob)), box)))).toBe('STATE_MISMATCH')
  })

  test('is refused once its order has expired, and by another fleet', async () => {
    const { world, home, base } = await crossing()
    const { box } = agentOf(await home.invoke(base))
    const elsewhere = createWorld({ sandbox: sandbox.sandbox(), assets: sandbox.assets, fleet: 'other' })
    expect(codeOf(await elsewhere.invoke(EU, resume(base, box)))).toBe('WRONG_FLEET')
    world.clock.now += DAY_MS
    expect(codeOf(await world.invoke(EU, resume(base, box)))).toBe('EXPIRED')
  })

  test('is taken from all who signed the code, and from nobody else', async () => {
    const both = await crossing({ authors: [alice, bob] })
    expect(
      codeOf(await both.world.invoke(EU, resume(both.base, agentOf(await both.home.invoke(both.base)).box))),
    ).toBeUndefined()
    // Alice wrote the code. Bob may send it, and signs a state with his own key, which the fleet trusts.
    const forged = await crossing()
    const asBob = await ownHost(forged.world, { keys: [bob], key: forged.key })
    expect(codeOf(await asBob.invoke(forged.base))).toBe('POLICY_DENIED')
    const bobs = await crossing({ authors: [bob], body: ROUND_TRIP })
    const theirs = agentOf(await bobs.home.invoke(bobs.base)).box
    expect(codeOf(await forged.world.invoke(EU, resume(forged.base, theirs)))).toBe('POLICY_DENIED')
  })

  test('is not taken from a place that the order does not name', async () => {
    const { world, base, file, order } = await crossing()
    const other = await crossing({ own: 'desktop' })
    const named = baseOf(file, signOrder({ ...order, own: { ...order.own!, places: ['desktop'] } }, bob))
    const { box } = agentOf(
      await (await ownHost(world, { keys: [alice], key: other.key, name: 'desktop' })).invoke(named),
    )
    expect(codeOf(await world.invoke(EU, resume(base, box)))).toBe('STATE_MISMATCH')
  })

  test('is bounded before it is inflated', async () => {
    const { world, home, base, file, order } = await crossing()
    const { box } = agentOf(await home.invoke(base))
    const limits = { ...order.limits, stateBytes: 1000 }
    const tight = baseOf(file, signOrder({ ...order, limits }, bob))
    expect(codeOf(await world.invoke(EU, resume(tight, box)))).toBe('STATE_TOO_LARGE')
  })
})

describe('state that goes home', () => {
  async function comingHome(options: Options = {}) {
    const setting = await crossing(options)
    const out = agentOf(await setting.home.invoke(setting.base))
    return { ...setting, reply: await setting.world.invoke(EU, resume(setting.base, out.box)) }
  }

  test('leaves only where statement and keys allow it; elsewhere the agent is told', async () => {
    const body = `await hop('${EU}'); return await hop('${OWN}').catch((error) => error.code)`
    for (const denied of [{ statement: false }, { policy: false }])
      expect((await comingHome({ body, ...denied })).reply).toMatchObject(completed('PLACE_UNKNOWN'))
    expect(agentOf((await comingHome({ body })).reply)).toMatchObject({ to: OWN })
  })

  test('opens with the key of its mission alone', async () => {
    const { reply, world, base } = await comingHome()
    const other = await ownHost(world, { keys: [alice], key: createHomecomingKey() })
    expect(codeOf(await other.invoke(resume(base, agentOf(reply).box)))).toBe('STATE_INVALID')
  })

  test('is refused when altered, or made by anyone but the fleet', async () => {
    const { reply, home, base, world, key } = await comingHome()
    const bytes = bytesOf(agentOf(reply).box)
    for (const at of [5, 60, 500, bytes.length - 100, bytes.length - 1])
      expect(codeOf(await home.invoke(resume(base, boxOf(flipped(bytes, at)))))).toBeDefined()
    expect(codeOf(await home.invoke(resume(base, boxOf(flipped(bytes, bytes.length - 500)))))).toBe('SIGNATURE_INVALID')
    const stranger = { ...world.fleet, receiptKeys: [{ epoch: 1, publicKey: toBase64url(bob.publicKey) }] }
    const trusting = await ownHost({ ...world, fleet: stranger }, { keys: [alice], key })
    expect(codeOf(await trusting.invoke(resume(base, boxOf(bytes))))).toBe('SIGNATURE_INVALID')
    expect(await home.invoke(resume(base, boxOf(bytes)))).toMatchObject(completed([OWN, EU, OWN]))
    expect(codeOf(await home.invoke(resume(base, boxOf(bytes))))).toBe('REPLAYED')
  })

  test('does not land in a region', async () => {
    const { reply, world, base } = await comingHome()
    expect(codeOf(await world.invoke(EU, resume(base, agentOf(reply).box)))).toBeDefined()
  })

  test('holds nothing in cleartext that was read in the region', async () => {
    const body = `await hop('${EU}'); const rows = []; for await (const line of here.lines()) rows.push(line); await hop('${OWN}'); return rows.length`
    const setting = await crossing({ body })
    const MARKER = 'a-secret-that-was-read'
    setting.world.data[EU]!.put('logs-eu', 'a', `${MARKER}\n`.repeat(50))
    const out = agentOf(await setting.home.invoke(setting.base))
    const reply = await setting.world.invoke(EU, resume(setting.base, out.box))
    expect(Buffer.from(bytesOf(agentOf(reply).box)).includes(MARKER)).toBe(false)
    expect(setting.world.wire.join()).not.toContain(MARKER)
    expect(await setting.home.invoke(resume(setting.base, agentOf(reply).box))).toMatchObject(completed(50))
  })

  test('an answer of a copy comes home without it: it is bounded like a result', async () => {
    const body = `return await at('${EU}', () => 'from ' + here.region)`
    const { home, world, base } = await crossing({ body, statement: false })
    const left = departureOf(await home.invoke(base))
    if (!('copies' in left)) throw new Error('no copies')
    const answered = departureOf(await world.invoke(EU, resume(base, left.copies[0]!.box)))
    if (!('answer' in answered)) throw new Error('no answer')
    const land = { ...resume(base, left.agent.box), answers: [answered.answer.box] }
    expect(await home.invoke(land)).toMatchObject(completed(`from ${EU}`))
  })

  test('continues the receipts of the regions before', async () => {
    const body = `for (const place of ['${EU}', '${OWN}', '${US}']) await hop(place); return here.region`
    const { home, world, base } = await crossing({ body })
    const settled: Reply[] = []
    let box = agentOf(await home.invoke(base)).box
    settled.push(await world.invoke(EU, resume(base, box)))
    box = agentOf(settled[0]!).box
    box = agentOf(await home.invoke(resume(base, box))).box
    settled.push(await world.invoke(US, resume(base, box)))
    const receipts = settled.map((reply) => verifiedReceipt(reply, world))
    expect(() => verifyReceiptChain(receipts)).not.toThrow()
    expect(() => verifyReceiptChain(receipts.slice(1))).toThrow(
      expect.objectContaining({ code: 'RECEIPT_CHAIN_BROKEN' }),
    )
  })
})

function verifiedReceipt(reply: Reply, { fleet }: World): VerifiedReceipt {
  if (!('settlement' in reply)) throw new Error('not settled')
  return verifyReceipt(reply.settlement.receipt, receiptTrustOf(fleet))
}

describe('letters', () => {
  const body = `const { from, message } = await receive(); return [from, message]`
  const letters = (order: { mission: string }, changes: Partial<Letters> = {}, key = bob) =>
    signLetters(
      { mission: order.mission, branch: EU, sequence: 0, letters: [{ from: 'launcher', body: '"hi"' }], ...changes },
      key,
    )

  test('reach the agent of the landing they are for', async () => {
    const { world, base, order } = await crossing({ body })
    expect(await world.invoke(EU, { ...base, letters: letters(order) })).toMatchObject(completed(['launcher', 'hi']))
  })

  test('are refused from anyone but the sender, altered, and for another landing', async () => {
    const { world, base, order } = await crossing({ body })
    const invoke = async (envelope: unknown) => codeOf(await world.invoke(EU, { ...base, letters: envelope }))
    expect(await invoke(letters(order, {}, alice))).toBe('POLICY_DENIED')
    expect(await invoke(letters(order, { sequence: 1 }))).toBe('ORDER_MISMATCH')
    expect(await invoke(letters(order, { branch: US }))).toBe('ORDER_MISMATCH')
    expect(await invoke(letters(order, { mission: 'AAAAAAAAAAAAAAAAAAAAAA' }))).toBe('ORDER_MISMATCH')
    const good = letters(order)
    expect(await invoke({ ...good, payload: letters(order, { letters: [] }).payload })).toBe('SIGNATURE_INVALID')
    expect(await invoke('hi')).toBe('ENVELOPE_MALFORMED')
    expect(await invoke(good)).toBeUndefined()
  })

  test('nobody can come to who is not written to: then waiting for one is waiting for ever', async () => {
    const { world, base } = await crossing({ body })
    expect(await world.invoke(EU, base)).toMatchObject({
      settlement: { outcome: { kind: 'failed', error: { code: 'AGENT_STALLED' } } },
    })
  })

  test('count towards what an agent may return', async () => {
    const { world, base, order } = await crossing({ body: `for (;;) send('x'.repeat(100_000))` })
    expect(await world.invoke(EU, { ...base, letters: letters(order) })).toMatchObject({
      settlement: { outcome: { kind: 'stopped', limit: 'resultBytes' } },
    })
  })
})
