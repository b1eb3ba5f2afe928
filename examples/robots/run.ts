/**
 * 100,000 robots on an arena of 10,000 × 10,000 cells play ten rounds. After half of them all robots are suspended in
 * the middle of their loops, land in another region and resume. For comparison: the same game in CPython with
 * greenlets, if it is installed (the variable PYTHON names another python3).
 *
 *     npx tsx examples/robots/run.ts [--quick] [--json FILE] [--robots N] [--side N] [--rounds N] [--pages N]
 */
import { join } from 'node:path'
import { ListObjectsV2Command } from '@aws-sdk/client-s3'
import { type Answer, DEFAULT_LIMITS, type Limits } from 'lander'
import { bytes } from '../../scripts/terminal/output.ts'
import { type Report, runExample, type Stage, say } from '../support/example.ts'
import { completedValue, fly } from '../support/mission.ts'
import { watchProcesses } from '../support/processes.ts'
import { runPython } from '../support/python.ts'
import { playCrowded } from './crowd.ts'
import { describe, figuresOf, type OurGame, type PythonGame, type Told } from './report.ts'
import type { Game, Played } from './robots.ts'

type Robots = Stage<'robots' | 'side' | 'rounds' | 'pages'>

await runExample({
  name: 'robots',
  regions: ['us-east-1', 'eu-west-1'],
  sizes: { robots: 100_000, side: 10_000, rounds: 10, pages: DEFAULT_LIMITS.memoryPages },
  quick: { robots: 5000, side: 1000 },
  perform,
})

async function perform(stage: Robots): Promise<Report> {
  const { robots, side, rounds } = stage.sizes
  // A game of few robots first, to start the functions and to compile the engine, because CPython's start is not
  // measured either.
  await play(stage, { robots: Math.min(robots, 100), hops: true })
  say('the game with a hop half way')
  const hopped = await play(stage, { robots, hops: true })
  say('the game in one region')
  const stayed = await play(stage, { robots, hops: false })
  say('four populations in a town with room for two')
  const crowd = await playCrowded({ robots, side, rounds, seed: 'crowd' }, stage.developer, limitsOf(stage))
  say('the game in CPython')
  const script = join(import.meta.dirname, 'robots.py')
  const python = await runPython<PythonGame>(script, [robots, side, rounds, 'table'])
  const sparse = await runPython<PythonGame>(script, [robots, side, rounds, 'dict'])
  const told = { stayed, hopped, crowd, python, sparse, quick: stage.quick }
  return { figures: figuresOf(told), text: describe(told), right: isRight(told), details: told }
}

/** The limits of the population. Its snapshot has 26 MB; the default limit of an agent's state is 4 MB. */
function limitsOf({ sizes: { pages } }: Robots): Partial<Limits> {
  return { wallMs: 300_000, memoryPages: pages, stateBytes: 64 * 1024 * 1024 }
}

async function play(stage: Robots, { robots, hops }: Pick<Game, 'robots' | 'hops'>): Promise<OurGame> {
  const { side, rounds } = stage.sizes
  const input: Game = { robots, side, rounds, seed: 'robots', hops }
  const start = performance.now()
  const agent = join(import.meta.dirname, 'robots.ts')
  const { value: answer, use } = await watchProcesses(() =>
    fly(stage, { agent, input, start: 'once', limits: limitsOf(stage) }),
  )
  const seconds = (performance.now() - start) / 1000
  if (answer.outcome === 'stopped') say(await describeCheckpoint(stage, answer))
  return { seconds, ...(use && { use }), game: completedValue<Played>(answer), landings: landingsOf(answer) }
}

/**
 * Describes the last checkpoint of an agent that reached a limit. It is sealed, and is stored in the agent bucket of
 * the region where the agent landed.
 */
async function describeCheckpoint({ fleet, clients }: Robots, { regions: [agent] }: Answer): Promise<string> {
  const last = agent?.route?.findLast(({ sealedBytes }) => sealedBytes > 0)
  const found = fleet.regions.find(({ region }) => region === last?.place)
  if (last === undefined || found === undefined) return 'it had made no checkpoint'
  const list = new ListObjectsV2Command({ Bucket: found.agentBucket, Prefix: 'states/' })
  const { Contents = [] } = await clients.s3(found.region).send(list)
  const stateRef = Contents.find(({ Size }) => Size === last.sealedBytes)
  return stateRef === undefined
    ? `its last checkpoint, of landing ${last.sequence}, came inside of the message`
    : `its last checkpoint is safe: ${bytes(last.sealedBytes)}, s3://${found.agentBucket}/${stateRef.Key}`
}

function landingsOf({ regions: [agent] }: Answer): OurGame['landings'] {
  return (agent?.route ?? []).map(({ place, sealedBytes, seconds, landingResult: { usage } }) => ({
    region: place,
    sealedBytes,
    seconds,
    workedSeconds: usage.wallMs / 1000,
    memoryPages: usage.memoryPages,
  }))
}

/** Checks that the hop and the scheduler changed nothing, and that points and arena give the same winners. */
function isRight({ stayed, hopped, crowd }: Pick<Told, 'stayed' | 'hopped' | 'crowd'>): boolean {
  const ends = [stayed, hopped].map(({ game }) => JSON.stringify({ ...game, where: [] }))
  const { byPoints, onTheArena, where } = hopped.game
  const sameWinners = JSON.stringify(byPoints) === JSON.stringify(onTheArena)
  return ends[0] === ends[1] && sameWinners && new Set(where).size === Math.min(2, where.length) && crowd.right
}
