/** One place has too many agents, and the scheduler moves some of them. */
import { join } from 'node:path'
import { createLauncher, createScheduler, type Limits, type Move, packSigned, place, type SigningKey } from 'lander'
import { MissionError } from '../support/mission.ts'
import { type End, Population, type Rules } from './game.ts'
import type { Game, Played } from './robots.ts'

/** The number of populations that start in the town. Town and suburb each have room for half of them. */
const POPULATIONS = 4
const ROOM = { agents: POPULATIONS / 2 }

export interface Crowd {
  readonly moves: readonly Move[]
  /** The places in which each population played its rounds. */
  readonly where: readonly (readonly string[])[]
  /** Whether every population's game ended as it does without moves. */
  readonly right: boolean
}

/** Divides the robots into several populations, each with its own arena, and starts all of them in one place. */
export async function playCrowded(rules: Rules, key: SigningKey, limits: Partial<Limits>): Promise<Crowd> {
  const { file } = await packSigned(join(import.meta.dirname, 'robots.ts'), key, { scopes: [], limits })
  await using launcher = await createLauncher({ places: [place.process('town'), place.thread('suburb')], key })
  const moves: Move[] = []
  using _scheduler = createScheduler({
    launcher,
    bounds: { town: ROOM, suburb: ROOM },
    everyMs: 50,
    onMove: (move) => moves.push(move),
  })
  const games = Array.from({ length: POPULATIONS }, (_, n) => gameOf(rules, n))
  const played = await Promise.all(
    games.map(async (game, n) => {
      const { outcome, error } = await launcher.launch(file, { in: 'town', name: `population-${n}`, input: game })
        .result
      if (outcome?.kind === 'completed') return outcome.value as unknown as Played
      throw new MissionError(`population ${n}: ${JSON.stringify(outcome ?? error)}`)
    }),
  )
  const right = games.every((game, n) => isSame(played[n]!, playHere(game)))
  return { moves, where: played.map(({ where }) => where), right }
}

function gameOf({ robots, side, rounds, seed }: Rules, n: number): Game & Record<string, string | number | boolean> {
  return { robots: Math.ceil(robots / POPULATIONS), side, rounds, seed: `${seed} ${n}`, hops: false }
}

/** Plays the same game in this process. */
function playHere(rules: Rules): End {
  const population = new Population(rules)
  for (let round = 0; round < rules.rounds; round++) population.playRound()
  return population.end()
}

function isSame({ where: _, ...played }: Played, end: End): boolean {
  return JSON.stringify(played) === JSON.stringify(end)
}
