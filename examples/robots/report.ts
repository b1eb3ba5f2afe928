/** Formats the example's output. Pure. */
import { bytes, seconds, table } from '../../scripts/terminal/output.ts'
import type { Figure, Peer } from '../support/figures.ts'
import type { ProcessUse } from '../support/processes.ts'
import type { PythonAnswer } from '../support/python.ts'
import type { Crowd } from './crowd.ts'
import type { Winners } from './game.ts'
import type { Played } from './robots.ts'

/** One landing of the population. */
interface Landing {
  readonly region: string
  /** The bytes of the sealed state; 0 where the agent started. */
  readonly sealedBytes: number
  /** Seconds from the first byte sent to the last byte received. */
  readonly seconds: number
  /** The part of these seconds in which the place worked: it ran the robots, and took or restored snapshots. */
  readonly workedSeconds: number
  readonly memoryPages: number
}

export interface OurGame {
  /** Seconds from packing the agent to its answer. */
  readonly seconds: number
  /** The resources that all processes of the fleet used, if /proc is available. */
  readonly use?: ProcessUse
  readonly game: Played
  readonly landings: readonly Landing[]
}

/** The output of `robots.py`. */
export interface PythonGame {
  readonly seconds: number
  readonly cpuSeconds: number
  readonly bytes: number
  readonly taken: number
  readonly byPoints: Winners
  readonly onTheArena: Winners
}

export interface Told {
  readonly stayed: OurGame
  readonly hopped: OurGame
  readonly crowd: Crowd
  /** CPython with a table of all cells, as in the seed. */
  readonly python: PythonAnswer<PythonGame>
  /** CPython with a dict of the taken cells. */
  readonly sparse: PythonAnswer<PythonGame>
  readonly quick: boolean
}

export function figuresOf({ stayed, hopped, python, sparse, quick }: Told): Figure[] {
  const peers = (of: Measured) => [peerOf(python, of, 'all cells'), peerOf(sparse, of, 'a dict')]
  const [, landed] = hopped.landings
  const figures: Figure[] = [
    { what: 'the game in one region', unit: 'seconds', ours: stayed.seconds, peers: peers('seconds') },
    { what: 'the game with a hop half way', unit: 'seconds', ours: hopped.seconds },
  ]
  if (landed !== undefined)
    figures.push({ what: 'the population’s sealed state', unit: 'bytes', ours: landed.sealedBytes })
  if (hopped.use === undefined) return figures
  const { cpuSeconds, largestBytes } = hopped.use
  // A quick run promises nothing, because a small game says nothing about memory and little about time.
  const atMost = (most: number) => (quick ? {} : { atMost: most })
  return [
    ...figures,
    { what: 'its time on processors, hop and all', unit: 'seconds', ours: cpuSeconds, peers: peers('cpuSeconds') },
    ...ratio('… as a multiple of CPython’s', cpuSeconds, python, 'cpuSeconds', atMost(1)),
    { what: 'memory of the process it is in, at most', unit: 'bytes', ours: largestBytes, peers: peers('bytes') },
    ...ratio('… as a multiple of CPython’s', largestBytes, python, 'bytes', atMost(0.25)),
  ]
}

type Measured = 'seconds' | 'cpuSeconds' | 'bytes'
type Answer = PythonAnswer<PythonGame>

function peerOf(answer: Answer, of: Measured, arena: string): Peer {
  if ('missing' in answer) return answer
  return { name: `${answer.name}, ${arena}`, value: answer.told[of] }
}

function ratio(what: string, ours: number, python: Answer, of: Measured, promise: Pick<Figure, 'atMost'>): Figure[] {
  return 'missing' in python ? [] : [{ what, unit: 'times', ours: ours / python.told[of], ...promise }]
}

export function describe({ stayed, hopped, crowd, python }: Told): string {
  const { game, landings } = hopped
  const same = JSON.stringify({ ...game, where: 0 }) === JSON.stringify({ ...stayed.game, where: 0 })
  return [
    table(
      ['landing', 'region', 'sealed state', 'engine memory', 'worked'],
      landings.map(({ region, sealedBytes, memoryPages, workedSeconds }, n) => [
        `${n}`,
        region,
        sealedBytes === 0 ? 'started here' : bytes(sealedBytes),
        bytes(memoryPages * 65_536),
        seconds(workedSeconds),
      ]),
    ),
    '',
    `${game.taken.toLocaleString('en')} cells were taken; ${roundsText(game.where)}`,
    `winners by points:    ${winnersText(game.byPoints)}`,
    `winners on the arena: ${winnersText(game.onTheArena)}`,
    ...('told' in python ? [`winners in CPython:   ${winnersText(python.told.byPoints)}`] : []),
    `without the hop the game ends ${same ? 'the same' : 'DIFFERENTLY'}`,
    '',
    'four populations in a town with room for two:',
    ...crowd.moves.map(({ agent, from, to }) => `  the scheduler moves ${agent} from the ${from} to the ${to}`),
    ...crowd.where.map((where, n) => `  population-${n} played ${roundsText(where)}`),
    `  their games end ${crowd.right ? 'as they do when nobody moves' : 'DIFFERENTLY'}`,
  ].join('\n')
}

function winnersText({ most, robots, first }: Winners): string {
  return `${robots.toLocaleString('en')} robots with ${most} points, robot ${first} the first of them`
}

/** Groups consecutive equal places, with the number of rounds in each. */
function roundsText(where: readonly string[]): string {
  const stays: { place: string; rounds: number }[] = []
  for (const place of where)
    if (stays.at(-1)?.place === place) stays.at(-1)!.rounds++
    else stays.push({ place, rounds: 1 })
  return stays.map(({ place, rounds }) => `${rounds} rounds in ${place}`).join(', ')
}
