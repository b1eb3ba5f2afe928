/**
 * One API for process, thread, tasklet and cloud: the same agent starts in each of them and hops through all of them.
 * Then one place has too many agents, and a scheduler moves some of them.
 *
 *     npx tsx examples/places/run.ts [--quick] [--json FILE] [--primes NUMBER] [--agents NUMBER]
 */
import { join } from 'node:path'
import {
  type AgentEnd,
  createLauncher,
  createScheduler,
  type Launcher,
  packSigned,
  place,
  type SigningKey,
} from 'lander'
import { bytes, seconds, table } from '../../scripts/terminal/output.ts'
import { runExample } from '../support/example.ts'
import { MissionError } from '../support/mission.ts'

const REGION = 'eu-west-1'
const PLACES = ['tasklet', 'thread', 'process', REGION]
const HEAD = ['started in', 'landing', 'where', 'sealed state', 'took']

interface Told {
  readonly last: number
  readonly places: Readonly<Record<string, number>>
  readonly message: string
  readonly end: string
}

await runExample({
  name: 'places',
  regions: [REGION],
  sizes: { primes: 1000, agents: 12 },
  quick: { primes: 200, agents: 6 },
  async perform({ sizes, fleet, developer }) {
    const places = [place.tasklet(), place.thread(), place.process(), place.region(REGION)]
    await using launcher = await createLauncher({ places, key: developer, fleet })
    const destinations = await startInEach(launcher, developer, sizes.primes)
    const { moved, rests } = await crowd(launcher, developer, sizes.agents)

    const told = destinations.map(({ told }) => told)
    const hops = destinations.flatMap(({ end }) => end.route.slice(1))
    const slowest = Math.max(...hops.map((step) => step.seconds))
    const heaviest = Math.max(...hops.map(({ sealedBytes }) => sealedBytes))
    return {
      right: told.every((each) => each.last === told[0]!.last) && rests.every((rounds) => rounds > 0) && moved > 0,
      text: `${table(HEAD, destinations.flatMap(rowsOf))}\n\nstarted anywhere, the last prime is ${told[0]!.last}`,
      figures: [
        {
          what: 'the same agent, through all places',
          unit: 'count',
          ours: destinations.length,
          atLeast: PLACES.length,
        },
        { what: 'largest sealed state', unit: 'bytes', ours: heaviest },
        { what: 'slowest landing, with its work', unit: 'seconds', ours: slowest },
        { what: `agents moved out of a crowd of ${sizes.agents}`, unit: 'count', ours: moved, atLeast: 1 },
      ],
      details: { told, moved, rests },
    }
  },
})

interface Destination {
  readonly start: string
  readonly end: AgentEnd
  readonly told: Told
}

/** Starts the traveller in every place, and sends each through all the others. */
async function startInEach(launcher: Launcher, key: SigningKey, each: number): Promise<Destination[]> {
  const { file } = await packSigned(join(import.meta.dirname, 'traveller.ts'), key, { scopes: [], exportState: true })
  const destinations: Destination[] = []
  for (const [index, start] of PLACES.entries()) {
    const others = [...PLACES.slice(index + 1), ...PLACES.slice(0, index)]
    const agent = launcher.launch(file, { in: start, input: { route: [...others, start], each } })
    agent.send('well done')
    const end = await agent.result
    destinations.push({ start, end, told: completed(end) as unknown as Told })
  }
  return destinations
}

/** Fills the tasklet place beyond its bound, lets the scheduler move agents, and collects every agent's answer. */
async function crowd(launcher: Launcher, key: SigningKey, count: number) {
  const { file } = await packSigned(join(import.meta.dirname, 'rester.ts'), key, { scopes: [] })
  const agents = Array.from({ length: count }, () => launcher.launch(file, { in: 'tasklet' }))
  for (const agent of agents) await agent.receive()
  const bounds = { tasklet: { agents: Math.floor(count / 2) }, thread: { agents: count } }
  using scheduler = createScheduler({ launcher, bounds })
  const moves = await scheduler.balance()
  for (const agent of agents) agent.send('stop')
  const ends = await Promise.all(agents.map(async ({ result }) => completed(await result)))
  const rests = ends.map((value) => (value as { rounds: number }).rounds)
  return { moved: moves.length, rests }
}

function completed({ outcome, error }: AgentEnd) {
  if (outcome?.kind === 'completed') return outcome.value
  throw new MissionError(`an agent did not complete: ${JSON.stringify(outcome ?? error)}`)
}

function rowsOf({ start, end }: Destination): string[][] {
  return end.route.map(({ place, sequence, sealedBytes, seconds: took }) => [
    sequence === 0 ? start : '',
    String(sequence),
    place,
    sealedBytes === 0 ? 'started here' : bytes(sealedBytes),
    seconds(took),
  ])
}
