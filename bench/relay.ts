/**
 * Moves agents over three regions while function instances are killed. Every agent must complete, and no object may be
 * counted twice. The benchmark kills the instance during one landing in ten: before the agent has done anything, in the
 * middle, or after it has completed but before the relay has the answer.
 *
 *     npx tsx bench/relay.ts [--quick] [--check] [--json FILE]
 *
 * A full run moves 1,000 agents and takes about six minutes on two cores; a quick run moves 15.
 */
import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import { packSigned } from '../lib/author/pack-signed.ts'
import { createFleetClients, type FleetClients } from '../lib/fleet/clients.ts'
import { receiptTrustOf } from '../lib/fleet/receipt-keys.ts'
import { type LocalFleet, startLocalFleet } from '../lib/local/local-fleet.ts'
import { type MissionResult, runMission } from '../lib/mission/mission.ts'
import { verifyLandingResult } from '../lib/mission/verify-receipts.ts'
import { verifyReceiptChain } from '../lib/trust/receipt.ts'
import { type BenchResult, benchmark, median } from './support/program.ts'

const REGIONS = ['us-east-1', 'eu-west-1', 'ap-south-1']
/** The share of calls whose instance is killed, if the call lasts long enough. */
const SHARE_KILLED = 0.1
/**
 * The latest moment of a kill, in milliseconds after the call. A landing takes about 50 ms on an idle machine, so a
 * kill can occur at any moment of it.
 */
const LATEST_KILL_MS = 60
/** The number of agents that run at the same time. */
const AT_ONCE = 8
/** The lines in each region. The agent reads all of them in each round. */
const LINES = 25
const ROUNDS = 1

const AGENT = `import { agent, checkpoint, here, hop, log } from 'lander/agent'

class Count {
  #lines = 0
  add() { this.#lines++ }
  get lines() { return this.#lines }
}

export default agent(async () => {
  const [count, visits] = [new Count(), []]
  for (let round = 0; round < ${ROUNDS}; round++)
    for (const region of here.regions) {
      await hop(region)
      for await (const _ of here.lines()) count.add()
      visits.push(here.region)
      log(region)
      await checkpoint()
    }
  return { lines: count.lines, visits: visits.length }
})
`

await benchmark('relay', async ({ quick }) => {
  const dir = await mkdtemp(join(tmpdir(), 'lander-bench-'))
  try {
    return await measure(dir, quick ? 15 : 1000)
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
})

/** Decides which calls are killed, and counts them. */
function createFate(share: number) {
  let calls = 0
  // The decision is a digest of the call's number. Which call has which number differs between runs, but the number of
  // kills does not.
  const draw = () => createHash('sha256').update(String(calls++)).digest()
  const fate = { calls: 0, sentenced: 0, active: false }
  return {
    fate,
    dieAfterMs: () => {
      if (!fate.active) return undefined
      fate.calls++
      const digest = draw()
      if (digest.readUInt32LE(0) / 2 ** 32 >= share) return undefined
      fate.sentenced++
      return digest.readUInt32LE(4) % LATEST_KILL_MS
    },
  }
}

async function measure(dir: string, agents: number): Promise<BenchResult> {
  const { fate, dieAfterMs } = createFate(SHARE_KILLED)
  await using local = await startLocalFleet({ dir: join(dir, 'cloud'), regions: REGIONS, lambda: { dieAfterMs } })
  using clients = createFleetClients(local.fleet)
  await fill(local, clients)
  await writeFile(join(dir, 'agent.ts'), AGENT)
  const scopes = REGIONS.map((region) => ({ bucket: `numbers-${region}`, prefix: '', actions: ['read'] as ['read'] }))
  const { file } = await packSigned(join(dir, 'agent.ts'), local.developer, { scopes })
  const options = { fleet: local.fleet, clients, file, sender: local.developer, start: 'once' as const, attempts: 16 }
  await runMission(options)
  fate.active = true
  const start = performance.now()
  const missions = await inTurns(agents, AT_ONCE, () => runMission(options))
  const seconds = (performance.now() - start) / 1000
  return report(missions, { local, seconds, ...fate })
}

async function fill(local: LocalFleet, clients: FleetClients): Promise<void> {
  for (const region of REGIONS) {
    await local.cloud.createBucket(region, `numbers-${region}`)
    const lines = Array.from({ length: LINES }, (_, line) => `${line}\n`).join('')
    await clients.s3(region).send(new PutObjectCommand({ Bucket: `numbers-${region}`, Key: 'lines', Body: lines }))
  }
}

async function inTurns<T>(count: number, atOnce: number, work: () => Promise<T>): Promise<T[]> {
  const done: T[] = []
  let begun = 0
  const worker = async () => {
    while (begun++ < count) done.push(await work())
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  return done
}

interface Measured {
  readonly local: LocalFleet
  readonly seconds: number
  readonly calls: number
  readonly sentenced: number
}

function report(missions: readonly MissionResult[], { local, seconds, calls, sentenced }: Measured): BenchResult {
  const results = missions.map(({ regions }) => regions[0]!)
  const completed = results.filter(({ landingResult }) => landingResult?.outcome.kind === 'completed')
  const wrong = completed.filter(({ landingResult }) => !isRight(landingResult!.outcome))
  const broken = results.filter(({ route = [] }) => !isWhole(route, local))
  const lost = results.flatMap(({ lost = [] }) => lost)
  const landings = results.flatMap(({ route = [] }) => route)
  const errors = results.flatMap(({ error, landingResult }) => {
    if (error !== undefined) return [`${error.code}: ${error.message}`]
    const { outcome } = landingResult!
    return outcome.kind === 'completed' ? [] : [JSON.stringify(outcome)]
  })
  return {
    about: 'Agents relayed over three regions, while the place of one landing in ten is killed.',
    promises: [
      { name: 'agents that completed', value: completed.length, unit: `of ${results.length}`, atLeast: results.length },
      { name: 'agents with a wrong count', value: wrong.length, unit: 'agents', atMost: 0 },
      { name: 'agents with a landing too many or too few', value: broken.length, unit: 'agents', atMost: 0 },
      { name: 'places killed', value: lost.length / calls, unit: 'of all calls', atLeast: 0.06 },
    ],
    figures: {
      agents: results.length,
      calls,
      sentenced,
      died: countBy(lost, ({ place, code }) => `${place} ${code}`),
      replaced: lost.length,
      attemptsAtOneLanding: Math.max(1, ...lost.map(({ attempt }) => attempt + 1)),
      agentsThatLostAPlace: results.filter(({ lost = [] }) => lost.length > 0).length,
      landings: landings.length,
      seconds: Math.round(seconds),
      landingMs: { p50: Math.round(median(landings.map((step) => step.seconds * 1000))) },
      errors: [...new Set(errors)].slice(0, 5),
    },
  }
}

function isRight(outcome: unknown): boolean {
  const { value } = outcome as { value?: { lines?: number; visits?: number } }
  return value?.lines === ROUNDS * REGIONS.length * LINES && value.visits === ROUNDS * REGIONS.length
}

/**
 * Checks that every landing is recorded once and in order, that each receipt names the one before it, and that each
 * landing is logged once.
 */
function isWhole(route: NonNullable<MissionResult['regions'][number]['route']>, { fleet }: LocalFleet): boolean {
  try {
    verifyReceiptChain(route.map(({ landingResult }) => verifyLandingResult(landingResult, receiptTrustOf(fleet))))
    const visits = route.flatMap(({ landingResult }) => landingResult.logs)
    return visits.join() === Array.from({ length: ROUNDS }, () => REGIONS).join()
  } catch {
    return false
  }
}

function countBy<T>(values: readonly T[], nameOf: (value: T) => string): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const value of values) counts[nameOf(value)] = (counts[nameOf(value)] ?? 0) + 1
  return counts
}
