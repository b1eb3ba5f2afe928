import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { LaunchOptions } from '../../lib/places/launcher.ts'
import type { Place } from '../../lib/places/place.ts'
import { place } from '../../lib/places/place-kinds.ts'
import type { World } from '../support/fleet-of-hosts.ts'
import { supplyKernels } from '../support/kernels.ts'
import { type AgentOptions, createSetting, type Setting, signedAgent } from '../support/launches.ts'
import type { TestSandbox } from '../support/sandbox.ts'

export interface PlaceContract {
  readonly sandbox: TestSandbox
  /** The place under test. */
  readonly place: (world: World) => Place
}

const ELSEWHERE = 'elsewhere'
const kernels = supplyKernels({
  kit: `#include <stddef.h>
#include <stdint.h>
size_t count(const uint8_t *bytes, size_t n) { size_t lines = 0; for (size_t i = 0; i < n; i++) lines += bytes[i] == '\\n'; return lines; }`,
})

/** The contract of every place towards agents and their launchers. */
export function describePlace(kind: string, { sandbox, place: placeOf }: PlaceContract): void {
  describe(`${kind} keeps the contract of a place`, () => {
    let setting: Setting
    let here: string
    beforeAll(async () => {
      setting = await createSetting(sandbox, (world) => [placeOf(world), place.tasklet(ELSEWHERE)])
      here = setting.launcher.places[0]!.name
      for (const store of [setting.data, ...Object.values(setting.world.data)])
        store.put('logs-eu', 'a.log', 'x\n'.repeat(20_000))
    })
    afterAll(() => setting[Symbol.asyncDispose]())

    function launch(body: string, { input, name, ...options }: AgentOptions & Omit<Partial<LaunchOptions>, 'in'> = {}) {
      const file = signedAgent(sandbox.assets, body, options)
      return setting.launcher.launch(file, { in: here, ...(input !== undefined && { input }), ...(name && { name }) })
    }
    const outcomeOf = async (...args: Parameters<typeof launch>) => (await launch(...args).result).outcome

    test('an agent gets its input, reads what is there, and returns', async () => {
      const body = `let n = 0; for await (const line of here.lines()) n++; return [here.region, input.word, n]`
      expect(await outcomeOf(body, { input: { word: 'w' } })).toEqual({
        kind: 'completed',
        value: [here, 'w', 20_000],
      })
    })

    test('what it throws is its outcome, and so is a result that JSON can not hold', async () => {
      expect(await outcomeOf(`throw new RangeError('too far')`)).toMatchObject({
        kind: 'failed',
        error: { name: 'RangeError', message: 'too far' },
      })
      expect(await outcomeOf('return 1n')).toMatchObject({ kind: 'failed', error: { code: 'AGENT_RESULT' } })
    })

    test('it is stopped by its limits', async () => {
      expect(await outcomeOf('for (;;);', { limits: { wallMs: 300 } })).toMatchObject({
        kind: 'stopped',
        limit: 'wallMs',
      })
      const grows = 'const all = []; for (;;) all.push(new Uint8Array(100_000).fill(1))'
      expect(await outcomeOf(grows, { limits: { memoryPages: 64 } })).toMatchObject({ limit: 'memoryPages' })
      expect(await outcomeOf(`await hop('${ELSEWHERE}'); return 1`, { limits: { hops: 0 } })).toMatchObject({
        limit: 'hops',
      })
    })

    test('a bundle with a flipped bit is refused', async () => {
      const file = signedAgent(sandbox.assets, 'return 1')
      file[file.length - 1]! ^= 1
      const { outcome, error } = await setting.launcher.launch(file, { in: here }).result
      expect(outcome).toBeUndefined()
      expect(error).toMatchObject({ situation: 'refused', code: 'DIGEST_MISMATCH' })
    })

    test('it hops away and back, with closures, generators and private fields', async () => {
      const before = `class Sum { #n = 0; add(n) { this.#n += n; return this.#n } }
        function* counter() { for (let n = 1; ; n++) yield n }`
      const body = `const sum = new Sum(), numbers = counter(), seen = []
        for (const place of ['${ELSEWHERE}', '${here}', '${ELSEWHERE}', '${here}']) {
          await hop(place)
          seen.push([here.region, sum.add(numbers.next().value)])
        }
        return seen`
      const value = [
        [ELSEWHERE, 1],
        [here, 3],
        [ELSEWHERE, 6],
        [here, 10],
      ] // prettier-ignore
      expect(await outcomeOf(body, { before })).toEqual({ kind: 'completed', value })
    })

    test('a copy’s answer comes back, and its error keeps its class', async () => {
      const body = `const word = 'closure'
        const own = await at('${here}', () => word + ' in ' + here.region)
        const other = await at('${ELSEWHERE}', () => { throw new TypeError(word) }).catch((error) => [error.name, error.message])
        return [own, other, here.region]`
      expect(await outcomeOf(body)).toMatchObject({ value: [`closure in ${here}`, ['TypeError', 'closure'], here] })
    })

    test('it forks, here and elsewhere, and joins', async () => {
      const body = `const mine = await fork(['${here}', '${ELSEWHERE}']); return await join([mine, here.region])`
      expect(await outcomeOf(body)).toMatchObject({
        value: [
          [0, here],
          [1, ELSEWHERE],
        ],
      }) // prettier-ignore
    })

    test('it makes one hop at a time, after its pending reads, and open streams stay behind', async () => {
      const body = `const lines = here.lines()[Symbol.asyncIterator]()
        const reading = lines.next()
        const [first, second] = await Promise.allSettled([hop('${ELSEWHERE}'), hop('${ELSEWHERE}')])
        return [first.status, second.reason.code, (await reading).value, here.region]`
      expect(await outcomeOf(body)).toMatchObject({ value: ['fulfilled', 'HOP_IN_PROGRESS', 'x', ELSEWHERE] })
    })

    test('a checkpoint does not move it', async () => {
      expect(await outcomeOf(`let n = 1; await checkpoint(); n++; return [n, here.region]`)).toMatchObject({
        value: [2, here],
      })
    })

    test('kernels read chunks outside of its heap, in workers too, and again after a hop', async () => {
      const before = `const kit = bundledKernel('kit', { count: 'size_t(const uint8_t*, size_t)' })
        const lines = () => here.parallel(here.objects(), async (object, worker) => {
          let [alone, beside] = [0, 0]
          for await (const chunk of object.chunks()) { alone += kit.count(chunk); beside += await worker.call(kit.count, chunk) }
          return [alone, beside]
        })`
      const body = `const first = await lines(); await hop('${ELSEWHERE}'); return [...first, ...(await lines())]`
      const parts = { 'kit.wasm': await kernels.byName('kit') }
      const counts = [20_000, 20_000]
      expect(await outcomeOf(body, { before, parts })).toEqual({ kind: 'completed', value: [counts, counts] })
    })

    test('a hop to a forbidden place throws an error that the agent can catch', async () => {
      const body = `return await hop('nowhere').catch((error) => [error.code, here.region])`
      expect(await outcomeOf(body)).toMatchObject({ value: ['PLACE_UNKNOWN', here] })
    })

    test('its progress names the place and the landings', async () => {
      const agent = launch(`await hop('${ELSEWHERE}'); await hop('${here}'); await receive()`)
      agent.send('end')
      await agent.result
      expect(agent.progress).toMatchObject({ place: here, landings: expect.any(Number), waits: false })
      expect(agent.progress.landings).toBeGreaterThanOrEqual(3)
      expect(agent.progress.memoryBytes).toBeGreaterThan(1_000_000)
    })

    test('it receives and sends messages in order', async () => {
      const agent = launch(`for (;;) { const { from, message } = await receive()
        if (message === null) return 'over'
        send({ from, twice: message * 2 }) }`)
      for (const n of [1, 2, 3]) agent.send(n)
      expect([await agent.receive(), await agent.receive()]).toEqual([
        { from: 'launcher', twice: 2 },
        { from: 'launcher', twice: 4 },
      ]) // prettier-ignore
      agent.send(null)
      expect((await agent.result).outcome).toMatchObject({ value: 'over' })
      expect([await agent.receive(), await agent.receive()]).toEqual([{ from: 'launcher', twice: 6 }, undefined])
    })

    test('agents send each other messages', async () => {
      const answers = launch(`const { from, message } = await receive(); send(message + '!', from)`, {
        name: `b-${here}`,
      })
      const asks = launch(`send('hello', 'b-${here}'); return await receive()`)
      expect((await asks.result).outcome).toMatchObject({ value: { from: `b-${here}`, message: 'hello!' } })
      await answers.result
    })

    test('a checkpoint on request saves it, and it continues', async () => {
      const agent = launch(
        `let n = 0; send('ready'); for (;;) { const { message } = await receive(); n += message; if (n > 2) return n }`,
      )
      await agent.receive()
      expect(await agent.checkpoint()).toMatchObject({ place: here, bytes: expect.any(Number) })
      agent.send(1)
      agent.send(2)
      expect((await agent.result).outcome).toMatchObject({ value: 3 })
      expect(await agent.checkpoint()).toBeUndefined()
    })

    test('its launcher can move it', async () => {
      const agent = launch(`send(here.region); await receive(); return here.region`)
      await agent.receive()
      expect(await agent.move(ELSEWHERE)).toMatchObject({ place: ELSEWHERE })
      agent.send('go on')
      expect((await agent.result).outcome).toMatchObject({ value: ELSEWHERE })
      await expect(launch('return 1').move('nowhere')).rejects.toMatchObject({ code: 'USAGE' })
    })

    test('it can be cancelled while it runs and while it waits', async () => {
      const cancelled = { kind: 'stopped', limit: 'cancelled' }
      const waits = launch('await receive()')
      const sleeps = launch('await sleep(60_000)')
      await new Promise((resolve) => setTimeout(resolve, 50))
      for (const agent of [waits, sleeps]) agent.cancel()
      expect((await waits.result).outcome).toMatchObject(cancelled)
      expect((await sleeps.result).outcome).toMatchObject(cancelled)
    })
  })
}
