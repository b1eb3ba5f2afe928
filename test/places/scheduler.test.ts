import { expect, test } from 'vitest'
import { place } from '../../lib/places/place-kinds.ts'
import { createScheduler } from '../../lib/places/scheduler.ts'
import { createSetting, signedAgent } from '../support/launches.ts'
import { useSandbox } from '../support/sandbox.ts'

const sandbox = useSandbox()

/** Sleeps repeatedly until it receives a message, with `input` bytes in its heap. */
const RESTS = `const kept = new Uint8Array(input).fill(1); let rounds = 0, stop = false
  receive().then(() => { stop = true })
  send('begun')
  while (!stop) { rounds++; await sleep(5) }
  return [here.region, kept.length, rounds > 0]`

test('relieves a full place, and the moved agents continue with their state', async () => {
  await using setting = await createSetting(sandbox, () => [place.tasklet(), place.thread()])
  const { launcher } = setting
  const file = signedAgent(sandbox.assets, RESTS, { limits: { stateBytes: 16_000_000 } })
  const agents = [0, 6_000_000, 0, 0].map((input) => launcher.launch(file, { in: 'tasklet', input }))
  for (const agent of agents) await agent.receive()
  using scheduler = createScheduler({
    launcher,
    bounds: { tasklet: { agents: 8, memoryBytes: 10_000_000 }, thread: { agents: 8 } },
    everyMs: 60_000,
  })
  expect(await scheduler.balance()).toEqual([{ agent: agents[1]!.name, from: 'tasklet', to: 'thread' }])
  expect(scheduler.loads.map(({ place, agents }) => [place, agents.length])).toEqual([
    ['tasklet', 3],
    ['thread', 1],
  ]) // prettier-ignore
  expect(await scheduler.balance()).toEqual([])
  for (const agent of agents) agent.send('stop')
  const values = await Promise.all(agents.map(async ({ result }) => (await result).outcome))
  expect(values.map((outcome) => outcome?.kind === 'completed' && outcome.value)).toEqual([
    ['tasklet', 0, true],
    ['thread', 6_000_000, true],
    ['tasklet', 0, true],
    ['tasklet', 0, true],
  ])
})

test('agents that wait for a message have no weight', async () => {
  await using setting = await createSetting(sandbox, () => [place.tasklet(), place.thread()])
  const { launcher } = setting
  const file = signedAgent(sandbox.assets, `send('waits'); await receive()`)
  const agents = [1, 2, 3].map(() => launcher.launch(file, { in: 'tasklet' }))
  for (const agent of agents) await agent.receive()
  await Promise.all(agents.map((agent) => agent.checkpoint()))
  using scheduler = createScheduler({ launcher, bounds: { tasklet: { agents: 1 }, thread: {} }, everyMs: 60_000 })
  expect(scheduler.loads[0]!.agents).toEqual([])
  expect(await scheduler.balance()).toEqual([])
})

test('balances periodically', async () => {
  await using setting = await createSetting(sandbox, () => [place.tasklet(), place.thread()])
  const agent = setting.launcher.launch(signedAgent(sandbox.assets, RESTS), { in: 'tasklet', input: 0 })
  await agent.receive()
  const moved = new Promise<string>((resolve) => {
    const bounds = { tasklet: { agents: 0 }, thread: {} }
    const scheduler = createScheduler({
      launcher: setting.launcher,
      bounds,
      everyMs: 5,
      onMove: ({ to }) => resolve(to),
    })
    void agent.result.then(() => scheduler[Symbol.dispose]())
  })
  expect(await moved).toBe('thread')
  agent.send('stop')
  expect((await agent.result).outcome).toMatchObject({ value: ['thread', 0, true] })
})

test('accepts bounds only for the launcher’s places', async () => {
  await using setting = await createSetting(sandbox, () => [place.tasklet()])
  const make = () => createScheduler({ launcher: setting.launcher, bounds: { nowhere: {} } })
  expect(make).toThrow(expect.objectContaining({ code: 'USAGE' }))
})

test('an agent that is too large to move stays', async () => {
  await using setting = await createSetting(sandbox, () => [place.tasklet(), place.thread()])
  const file = signedAgent(sandbox.assets, `${RESTS}`, { limits: { stateBytes: 1_000_000 } })
  const agent = setting.launcher.launch(file, { in: 'tasklet', input: 3_000_000 })
  await agent.receive()
  const moved = agent.move('thread')
  await new Promise((resolve) => setTimeout(resolve, 200))
  expect(agent.progress.place).toBe('tasklet')
  agent.cancel()
  expect((await agent.result).outcome).toMatchObject({ limit: 'cancelled' })
  expect(await moved).toBeUndefined()
})
