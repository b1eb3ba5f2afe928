import { describe, expect, test } from 'vitest'
import { createLauncher } from '../../lib/places/launcher.ts'
import { Mailbox } from '../../lib/places/mailbox.ts'
import { place } from '../../lib/places/place-kinds.ts'
import { MAX_MESSAGES } from '../../lib/trust/messages.ts'
import { EU } from '../support/fleet-of-hosts.ts'
import { createSetting, signedAgent } from '../support/launches.ts'
import { useSandbox } from '../support/sandbox.ts'
import { alice, bob, mallory, NOW } from '../trust/fixture.ts'

const sandbox = useSandbox()
const options = { key: alice, now: () => NOW + 1000 }
const usage = expect.objectContaining({ code: 'USAGE' })

describe('a launcher', () => {
  test('has places with distinct names, and regions only with a fleet', async () => {
    await expect(createLauncher({ ...options, places: [place.tasklet(), place.tasklet()] })).rejects.toEqual(usage)
    await expect(createLauncher({ ...options, places: [place.tasklet('My Place')] })).rejects.toEqual(usage)
    await expect(createLauncher({ ...options, places: [place.region(EU)] })).rejects.toMatchObject({
      code: 'REGION_UNKNOWN',
    })
    await using launcher = await createLauncher({
      ...options,
      places: [place.tasklet(), place.tasklet('second'), place.thread()],
    })
    expect(launcher.places.map(({ name }) => name)).toEqual(['tasklet', 'second', 'thread'])
  })

  test('needs no fleet for client places', async () => {
    await using launcher = await createLauncher({ ...options, places: [place.tasklet(), place.thread()] })
    const file = signedAgent(sandbox.assets, `await hop('thread'); return [here.region, here.regions]`)
    const { outcome } = await launcher.launch(file, { in: place.tasklet() }).result
    expect(outcome).toMatchObject({ kind: 'completed', value: ['thread', []] })
  })

  test('launches only in its own places, and gives each agent its own name', async () => {
    await using launcher = await createLauncher({ ...options, places: [place.tasklet()] })
    const file = signedAgent(sandbox.assets, 'await receive()')
    expect(() => launcher.launch(file, { in: 'nowhere' })).toThrow(usage)
    launcher.launch(file, { in: 'tasklet', name: 'one' })
    expect(() => launcher.launch(file, { in: 'tasklet', name: 'one' })).toThrow(usage)
    for (const name of ['launcher', '', 'a\nb'])
      expect(() => launcher.launch(file, { in: 'tasklet', name })).toThrow(usage)
    expect(() => launcher.launch(new Uint8Array(10), { in: 'tasklet' })).toThrow(
      expect.objectContaining({ situation: 'refused' }),
    ) // prettier-ignore
  })

  test('runs bundles of trusted keys only', async () => {
    await using launcher = await createLauncher({ ...options, places: [place.tasklet()] })
    const file = signedAgent(sandbox.assets, 'return 1', { authors: [mallory] })
    expect((await launcher.launch(file, { in: 'tasklet' }).result).error).toMatchObject({ code: 'KEY_UNKNOWN' })
  })

  test('brings state into a region only with the keys that signed the code', async () => {
    const file = signedAgent(sandbox.assets, `await hop('${EU}'); return here.region`, { authors: [alice, bob] })
    const places = (world: Parameters<Parameters<typeof createSetting>[1]>[0]) => [place.tasklet(), world.place(EU)]
    await using alone = await createSetting(sandbox, places)
    expect((await alone.launcher.launch(file, { in: 'tasklet' }).result).error).toMatchObject({ situation: 'refused' })
    await using both = await createSetting(sandbox, places, { authors: [bob] })
    expect((await both.launcher.launch(file, { in: 'tasklet' }).result).outcome).toMatchObject({ value: EU })
  })

  test('cancels its agents when it is disposed', async () => {
    const launcher = await createLauncher({ ...options, places: [place.tasklet(), place.thread()] })
    const file = signedAgent(sandbox.assets, 'await sleep(60_000)')
    const agents = ['tasklet', 'thread'].map((place) => launcher.launch(file, { in: place }))
    expect(launcher.agents).toEqual(agents)
    await launcher[Symbol.asyncDispose]()
    for (const agent of agents) expect((await agent.result).outcome).toMatchObject({ limit: 'cancelled' })
    expect(launcher.agents).toEqual([])
  })

  test('unread messages move with the agent', async () => {
    await using launcher = await createLauncher({ ...options, places: [place.tasklet(), place.thread()] })
    const body = `const { message } = await receive(); await hop('thread'); return [message, (await receive()).message, here.region]`
    const agent = launcher.launch(signedAgent(sandbox.assets, body), { in: 'tasklet' })
    agent.send('first')
    agent.send({ second: true })
    expect((await agent.result).outcome).toMatchObject({ value: ['first', { second: true }, 'thread'] })
  })

  test('a message is JSON of bounded size', async () => {
    await using launcher = await createLauncher({ ...options, places: [place.tasklet()] })
    const agent = launcher.launch(signedAgent(sandbox.assets, 'await sleep(60_000)'), { in: 'tasklet' })
    expect(() => agent.send(undefined as never)).toThrow(expect.objectContaining({ code: 'INPUT_INVALID' }))
    expect(() => agent.send('x'.repeat(40_000))).toThrow(expect.objectContaining({ code: 'LIMIT_REACHED' }))
    agent.cancel()
    const bad = launcher.launch(signedAgent(sandbox.assets, 'send(() => 1)'), { in: 'tasklet' })
    expect((await bad.result).outcome).toMatchObject({ kind: 'failed', error: { name: 'TypeError' } })
  })
})

describe('a mailbox', () => {
  const message = (body: string) => ({ from: 'a', body })

  test('delivers messages in order, as many as one landing accepts', () => {
    const mailbox = new Mailbox()
    for (let i = 0; i < MAX_MESSAGES + 5; i++) mailbox.deliver(message(String(i)))
    expect(mailbox.take().map(({ body }) => body)).toEqual(Array.from({ length: MAX_MESSAGES }, (_, i) => String(i)))
    expect(mailbox.take()).toHaveLength(5)
    expect(mailbox.empty).toBe(true)
    const long = 'x'.repeat(30_000)
    for (let i = 0; i < 3; i++) mailbox.deliver(message(long))
    expect(mailbox.take()).toHaveLength(1)
    expect(mailbox.takeOne()).toEqual(message(long))
  })

  test('accepts at most a thousand messages, or a million characters', () => {
    const full = expect.objectContaining({ code: 'LIMIT_REACHED' })
    const many = new Mailbox()
    for (let i = 0; i < 1000; i++) many.deliver(message('1'))
    expect(() => many.deliver(message('1'))).toThrow(full)
    const heavy = new Mailbox()
    const deliver = () => heavy.deliver(message('x'.repeat(32_000)))
    for (let i = 0; i < 32; i++) deliver()
    expect(deliver).toThrow(full)
    heavy.take()
    expect(deliver).not.toThrow()
  })

  test('resolves when a message arrives, and stops waiting when the signal aborts', async () => {
    const mailbox = new Mailbox()
    const arrival = mailbox.arrival(new AbortController().signal)
    mailbox.deliver(message('1'))
    await arrival
    mailbox.take()
    const controller = new AbortController()
    const waiting = mailbox.arrival(controller.signal)
    controller.abort()
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' })
  })
})
