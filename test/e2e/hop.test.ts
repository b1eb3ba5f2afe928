/** Agents on the move, on real parts: three regions, the deployed function, and a client that carries sealed boxes. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { InvokeCommand } from '@aws-sdk/client-lambda'
import { ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { packSigned } from '../../lib/author/pack-signed.ts'
import { createFleetClients, type FleetClients } from '../../lib/fleet/clients.ts'
import { receiptTrustOf } from '../../lib/fleet/receipt-keys.ts'
import type { Limits } from '../../lib/limits.ts'
import { type LocalFleet, startLocalFleet } from '../../lib/local/local-fleet.ts'
import type { Answer } from '../../lib/mission/merge.ts'
import { verifyLandingResult } from '../../lib/mission/verify-receipts.ts'
import { type RunOptions, run } from '../../lib/run/run.ts'
import type { Scope } from '../../lib/scope.ts'
import { verifyReceiptChain } from '../../lib/trust/receipt.ts'

const [US, EU, AP] = ['us-east-1', 'eu-west-1', 'ap-south-1'] as const
const REGIONS = [US, EU, AP]
const LOGS: Scope[] = REGIONS.map((region) => ({ bucket: `logs-${region}`, prefix: '', actions: ['read'] }))
/** Seconds after which a function is ended: an agent that lives longer has made several landings. */
const TIMEOUT_SECONDS = 6

let dir: string
let local: LocalFleet
let clients: FleetClients

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'lander-hop-'))
  local = await startLocalFleet({ dir: join(dir, 'cloud'), regions: REGIONS, timeoutSeconds: TIMEOUT_SECONDS })
  clients = createFleetClients(local.fleet)
  for (const [index, region] of REGIONS.entries()) {
    await local.cloud.createBucket(region, `logs-${region}`)
    const lines = Array.from({ length: 100 * (index + 1) }, (_, line) => `line ${line} of ${region}\n`).join('')
    await clients.s3(region).send(new PutObjectCommand({ Bucket: `logs-${region}`, Key: 'a.log', Body: lines }))
  }
})

afterAll(async () => {
  clients[Symbol.dispose]()
  await local[Symbol.asyncDispose]()
  await rm(dir, { recursive: true, force: true })
})

interface LaunchOptions extends Partial<Omit<RunOptions, 'file'>> {
  readonly limits?: Partial<Limits>
}

/** Runs an agent whose body is `body`, started once. */
async function launch(body: string, { limits = {}, ...options }: LaunchOptions = {}): Promise<Answer> {
  const path = join(dir, `agent-${Math.random().toString(36).slice(2)}.ts`)
  const imports = 'agent, at, fork, join, here, hop, log, ObjectError, places, progress, sleep, sum'
  await writeFile(
    path,
    `import { ${imports} } from 'lander/agent'\nexport default agent(async (input) => { ${body} })\n`,
  )
  const { file } = await packSigned(path, local.developer, { scopes: LOGS, limits })
  return run({ fleet: local.fleet, clients, file, sender: local.developer, start: 'once', ...options })
}

const routeOf = (answer: Answer) =>
  answer.regions[0]!.route!.map(({ place, branch, sequence }) => [place, branch, sequence])

const TOUR = `
  class Statistic {
    #count = 0
    #length = 0
    add(line) { this.#count++; this.#length += line.length }
    get told() { return [this.#count, this.#length] }
  }
  function* numbers() { for (let n = 1; ; n++) yield n }
  const [statistic, counter, visits] = [new Statistic(), numbers(), new Map()]
  for (const region of [...here.regions, here.regions[0]]) {
    await hop(region)
    visits.set(counter.next().value, here.region)
    for await (const line of here.lines()) statistic.add(line)
  }
  return { told: statistic.told, visits: [...visits] }`

describe('an agent that hops', () => {
  test('goes through three regions and back, with everything it knows', async () => {
    const answer = await launch(TOUR)
    expect(answer.value).toEqual({
      told: [700, expect.any(Number)],
      visits: [
        [1, US],
        [2, EU],
        [3, AP],
        [4, US],
      ],
    })
    expect(routeOf(answer)).toEqual([
      [US, US, 0],
      [EU, US, 1],
      [AP, US, 2],
      [US, US, 3],
    ])
    expect(answer.regions[0]!.landingResult?.place).toBe(US)
    for (const { sealedBytes } of answer.regions[0]!.route!.slice(1)) expect(sealedBytes).toBeLessThan(16_000)
  })

  test('leaves a chain of receipts', async () => {
    const { regions } = await launch(TOUR)
    const trust = receiptTrustOf(local.fleet)
    const receipts = regions[0]!.route!.map(({ landingResult }) => verifyLandingResult(landingResult, trust))
    expect(() => verifyReceiptChain(receipts)).not.toThrow()
    expect(receipts.map(({ receipt }) => receipt.outcome)).toEqual(['departed', 'departed', 'departed', 'completed'])
  })

  test('tells where it is while it works', async () => {
    const seen: string[] = []
    const body = `for (const region of here.regions) { await hop(region); progress(0.5); await sleep(250); progress(1) }`
    await launch(body, { onProgress: (region) => seen.push(region) })
    expect([...new Set(seen)]).toEqual(REGIONS)
  })

  test('started everywhere, makes its rounds from each region', async () => {
    const body = `const start = here.region; for (const region of here.regions) await hop(region); return start`
    const { value, outcome } = await launch(body, { start: 'everywhere' })
    expect([outcome, value]).toEqual(['completed', REGIONS])
  })

  test('carries a large state through the agent buckets', async () => {
    const body = `const noise = Array.from({ length: 400_000 }, () => Math.random()); await hop('${EU}'); return noise.length`
    const answer = await launch(body, { limits: { stateBytes: 32 * 1024 * 1024 } })
    expect(answer.value).toBe(400_000)
    expect(answer.regions[0]!.route![1]!.sealedBytes).toBeGreaterThan(256 * 1024)
    const [us, eu] = await Promise.all(
      [US, EU].map(async (region) => {
        const { agentBucket } = local.fleet.regions.find((place) => place.region === region)!
        return clients.s3(region).send(new ListObjectsV2Command({ Bucket: agentBucket, Prefix: 'states/' }))
      }),
    )
    expect(us!.Contents?.map(({ Key }) => Key)).toEqual(eu!.Contents?.map(({ Key }) => Key))
  })

  test('to a region without a function: named', async () => {
    const regions = local.fleet.regions.filter(({ region }) => region !== AP)
    const answer = await launch(`await hop('${AP}')`, {
      fleet: { ...local.fleet, regions },
      order: { regions: REGIONS },
    })
    expect(answer.regions[0]).toMatchObject({ error: { code: 'FUNCTION_NOT_FOUND' }, route: [{ place: US }] })
  })
})

describe('copies of an agent', () => {
  const COUNT = `
    const word = input.word
    const counts = await Promise.all(here.regions.map((region) => at(region, async () => {
      let count = 0
      for await (const line of here.lines()) if (line.includes(word)) count++
      return [here.region, count]
    })))
    return counts`

  test('count side by side in every region, closure and all', async () => {
    const answer = await launch(COUNT, { input: { word: 'line' } })
    expect(answer.value).toEqual([
      [US, 100],
      [EU, 200],
      [AP, 300],
    ])
    expect(routeOf(answer)[0]).toEqual([US, US, 0])
    expect(routeOf(answer).slice(1, 4).toSorted()).toEqual([
      [AP, `${US}/0.2`, 1],
      [EU, `${US}/0.1`, 1],
      [US, `${US}/0.0`, 1],
    ])
    expect(routeOf(answer)[4]).toEqual([US, US, 1])
    expect(answer.usage.bytesRead).toBeGreaterThan(600 * 10)
  })

  test('throw their own errors, and one failure leaves the others', async () => {
    const body = `
      const classes = [TypeError, ObjectError, Error]
      class Strange extends Error { name = 'Strange'; code = 'E_STRANGE' }
      const told = ({ status, value, reason }) => [status, value ?? [classes.findIndex((Class) => reason instanceof Class), reason.name, reason.message, reason.code]]
      const works = [
        () => { throw new TypeError('not here') }, () => { throw new Strange('odd') }, () => 7, () => here.open('none'),
        () => 1n, () => new Promise(() => {}), () => { throw 'text' },
      ]
      return (await Promise.allSettled(works.map((work, i) => at(here.regions[i % 3], work)))).map(told)`
    expect((await launch(body)).value).toEqual([
      ['rejected', [0, 'TypeError', 'not here', null]],
      ['rejected', [2, 'Strange', 'odd', null]],
      ['fulfilled', 7],
      ['rejected', [1, 'ObjectError', expect.stringContaining('none'), 'OBJECT_NOT_FOUND']],
      ['rejected', [2, 'AgentError', expect.stringContaining('BigInt'), 'AGENT_RESULT']],
      ['rejected', [2, 'Error', expect.stringContaining('nothing can settle'), 'AGENT_STALLED']],
      ['rejected', [2, 'Error', 'text', null]],
    ])
  })

  test('may hop, and send copies of their own', async () => {
    const body = `
      let depth = 0
      const deep = await at('${EU}', async () => {
        depth++
        await hop('${AP}')
        const inner = await at('${US}', () => { depth++; return [here.region, depth] })
        return { inner, here: here.region, depth }
      })
      return { deep, here: here.region, depth }`
    expect((await launch(body)).value).toEqual({
      deep: { inner: [US, 2], here: AP, depth: 1 },
      here: US,
      depth: 0,
    })
  })

  test('go on with its next line after a fork, and are joined', async () => {
    const body = `
      const word = input.word
      const me = await fork(here.regions)
      let count = 0
      for await (const line of here.lines()) if (line.includes(word)) count++
      const counts = await join([me, here.region, count])
      return { counts, bytes: await Promise.all(places().map((place) => place.bytes())), here: here.region }`
    const { value } = await launch(body, { input: { word: 'line' } })
    expect(value).toEqual({
      counts: [
        [0, US, 100],
        [1, EU, 200],
        [2, AP, 300],
      ],
      bytes: [expect.any(Number), expect.any(Number), expect.any(Number)],
      here: US,
    })
  })

  test('that can not land are reported to the agent', async () => {
    const regions = local.fleet.regions.filter(({ region }) => region !== AP)
    const body = `return at('${AP}', () => 1).catch((error) => [error.name, error.code, error.message])`
    const { value } = await launch(body, { fleet: { ...local.fleet, regions }, order: { regions: REGIONS } })
    expect(value).toEqual(['PlaceError', 'PLACE_UNREACHABLE', `${AP} could not be reached`])
  })

  test('that hit a limit are reported to the agent', async () => {
    const body = `return at('${EU}', () => { log('x'.repeat(600)); log('y'.repeat(600)) }).catch((error) => [error.code, error.message])`
    const { value } = await launch(body, { limits: { logBytes: 1000 } })
    expect(value).toEqual(['COPY_STOPPED', expect.stringContaining('1000 bytes')])
  })
})

describe('an agent that lives longer than its function', () => {
  test('goes on in new landings of the same region, asleep or reading', async () => {
    const body = `
      const lines = here.lines()[Symbol.asyncIterator]()
      let count = 0
      for (let nap = 0; nap < 10; nap++) {
        await sleep(1000)
        for (let i = 0; i < 10; i++) if (!(await lines.next()).done) count++
      }
      return [count, Date.now() > 0]`
    const answer = await launch(body)
    expect(answer.value).toEqual([100, true])
    expect(answer.regions[0]!.route!.length).toBeGreaterThan(1)
    expect(new Set(answer.regions[0]!.route!.map(({ place }) => place))).toEqual(new Set([US]))
  })
})

describe('what the carrier can not do', () => {
  test('land one box twice', async () => {
    const events: string[] = []
    const lambda = clients.lambda(EU)
    const send = lambda.send.bind(lambda)
    lambda.send = ((command: { input: { Payload: Uint8Array } }, ...rest: []) => {
      events.push(Buffer.from(command.input.Payload).toString())
      return send(command as never, ...rest)
    }) as never
    try {
      expect((await launch(`await hop('${EU}'); return 'there'`)).value).toBe('there')
    } finally {
      lambda.send = send
    }
    const { functionName } = local.fleet.regions.find(({ region }) => region === EU)!
    const { Payload } = await lambda.send(
      new InvokeCommand({ FunctionName: functionName, Payload: events[0]!.replace('"stream":true', '"stream":false') }),
    )
    expect(JSON.parse(Buffer.from(Payload!).toString())).toMatchObject({ error: { code: 'REPLAYED' } })
  })
})
