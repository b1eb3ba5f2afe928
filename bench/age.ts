/**
 * Runs an agent that outlives its function. It computes for an hour on functions with a timeout of 20 seconds, and the
 * relay that moves it has the same timeout. The benchmark checks the agent's answer.
 *
 *     npx tsx bench/age.ts [--quick] [--check] [--json FILE]
 *
 * Quick: 9 seconds of work on functions with a timeout of 4 seconds.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { packSigned } from '../lib/author/pack-signed.ts'
import { createFleetClients } from '../lib/fleet/clients.ts'
import { startLocalFleet } from '../lib/local/local-fleet.ts'
import { dispatchMission } from '../lib/mission/detached/dispatch.ts'
import { missionAnswer } from '../lib/mission/detached/status.ts'
import type { MissionAnswer } from '../lib/relay/detached-records.ts'
import { type BenchResult, benchmark } from './support/program.ts'

const REGION = 'eu-west-1'
/** A scope is required even for an agent that reads no data. */
const BUCKET = 'bench-data'
/** Computation steps between two awaits. They take some milliseconds. */
const STEPS = 20_000
const LIMITS = { wallMs: 3 * 3600 * 1000, hostCalls: 10_000_000, hops: 0 }

/** A chain of hashes, which has no shortcut: the agent returns the value after this many rounds. */
function next(value: number): number {
  return (Math.imul(value, 1_664_525) + 1_013_904_223) >>> 0
}

const AGENT = `import { agent, sleep } from 'lander/agent'
${next.toString().replace(/: number/g, '')}
export default agent(async ({ seconds }) => {
  const end = Date.now() + seconds * 1000
  let [value, rounds] = [1, 0]
  for (; Date.now() < end; rounds++) {
    for (let step = 0; step < ${STEPS}; step++) value = next(value)
    await sleep(5)
  }
  return { value, rounds }
})
`

await benchmark('age', async ({ quick }) => {
  const dir = await mkdtemp(join(tmpdir(), 'lander-bench-'))
  try {
    return await measure(dir, quick ? { seconds: 9, timeoutSeconds: 4 } : { seconds: 3600, timeoutSeconds: 20 })
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
})

interface Age {
  readonly seconds: number
  readonly timeoutSeconds: number
}

async function measure(dir: string, { seconds, timeoutSeconds }: Age): Promise<BenchResult> {
  await using local = await startLocalFleet({ dir: join(dir, 'cloud'), regions: [REGION], timeoutSeconds })
  using clients = createFleetClients(local.fleet)
  await local.cloud.createBucket(REGION, BUCKET)
  await writeFile(join(dir, 'agent.ts'), AGENT)
  const scopes = [{ bucket: BUCKET, prefix: '', actions: ['read'] as ['read'] }]
  const { file } = await packSigned(join(dir, 'agent.ts'), local.developer, { scopes, limits: LIMITS })
  const start = performance.now()
  const { mission } = await dispatchMission({
    fleet: local.fleet,
    clients,
    file,
    sender: local.developer,
    input: { seconds },
    order: { regions: [REGION], lifetimeMs: 3 * 3600 * 1000 },
  })
  const answer = await answerOf(() => missionAnswer(mission, { fleet: local.fleet, clients }))
  return report(answer, { seconds, timeoutSeconds, took: (performance.now() - start) / 1000 })
}

async function answerOf(ask: () => Promise<{ answer: MissionAnswer | undefined }>): Promise<MissionAnswer> {
  for (;;) {
    const { answer } = await ask()
    if (answer !== undefined) return answer
    await sleep(500)
  }
}

function report(
  { regions: [agent], relays }: MissionAnswer,
  { seconds, timeoutSeconds, took }: Age & { took: number },
): BenchResult {
  const outcome = agent?.landingResult?.outcome
  const told = (outcome?.kind === 'completed' ? outcome.value : {}) as { value?: number; rounds?: number }
  const landings = agent?.route?.length ?? 0
  return {
    about: 'An agent that computes for longer than its functions and its relays live.',
    promises: [
      { name: 'answers that are right', value: isRight(told) ? 1 : 0, unit: 'of 1', atLeast: 1 },
      {
        name: 'age, in lives of its function',
        value: took / timeoutSeconds,
        unit: 'lives',
        atLeast: seconds / timeoutSeconds,
      },
    ],
    figures: {
      seconds: Math.round(took),
      timeoutSeconds,
      landings,
      relays,
      lost: agent?.lost?.length,
      rounds: told.rounds,
      outcome,
      error: agent?.error,
    },
  }
}

function isRight({ value, rounds = 0 }: { value?: number; rounds?: number }): boolean {
  let expected = 1
  for (let step = 0; step < rounds * STEPS; step++) expected = next(expected)
  return rounds > 0 && value === expected
}
