import { agent, here, hop, progress } from 'lander/agent'
import { RandomStream } from '../support/random-stream.ts'
import { Arena } from './arena.ts'

export interface Game {
  readonly robots: number
  /** Cells of the arena in a row, and rows. */
  readonly side: number
  readonly rounds: number
  /** Names the random numbers: the same game twice has the same end. */
  readonly seed: string
  /** Whether to go to the second region of the mission half way. */
  readonly hops: boolean
}

/** The most that a robot got, and how many robots got that. */
export interface Winners {
  readonly most: number
  readonly robots: number
  /** The first of them. */
  readonly first: number
}

export interface Played {
  /** Cells that were taken. */
  readonly taken: number
  /** By the points that the robots counted themselves. */
  readonly byPoints: Winners
  /** By the cells that bear their names. */
  readonly onTheArena: Winners
  /** Where the rounds were played. */
  readonly where: readonly string[]
}

/**
 * Musical chairs on which nobody sits twice: in each round each robot picks a cell by chance and takes it, with a point,
 * if it is free. Robots are generators, all of them alive at once; half way they go to another region, in the middle of
 * their loops.
 */
export default agent(async ({ robots, side, rounds, seed, hops }: Game, place): Promise<Played> => {
  requirePlayable({ robots, side, rounds })
  const arena = new Arena(side * side)
  const stream = new RandomStream({ mission: seed, index: 0 })
  const population = Array.from({ length: robots }, (_, name) => robot(name, rounds, arena, stream))
  const where: string[] = []
  for (let round = 0; round < rounds; round++) {
    if (hops && round === Math.ceil(rounds / 2)) await hop(place.regions[1]!)
    for (const each of population) each.next()
    where.push(here.region)
    progress((round + 1) / rounds)
  }
  const points = Int32Array.from(population, (each) => each.next().value as number)
  return { taken: arena.taken, byPoints: winnersOf(points), onTheArena: winnersOf(arena.census(robots)), where }
})

/** One robot's life: its name, its points and where it is in its loop are its own. */
function* robot(name: number, rounds: number, arena: Arena, stream: RandomStream): Generator<void, number> {
  let points = 0
  for (let round = 0; round < rounds; round++) {
    if (arena.take(arena.pick(stream), name)) points++
    yield
  }
  return points
}

function winnersOf(scores: Int32Array): Winners {
  const most = scores.reduce((a, b) => Math.max(a, b))
  return { most, robots: scores.filter((score) => score === most).length, first: scores.indexOf(most) }
}

function requirePlayable({ robots, side, rounds }: Pick<Game, 'robots' | 'side' | 'rounds'>): void {
  if (robots < 1) throw new RangeError(`${robots} robots can't play: use 1 or more`)
  if (rounds < 1) throw new RangeError(`${rounds} rounds are no game: use 1 or more`)
  if (side > 46_340) throw new RangeError(`cells of an arena of ${side} × ${side} can't be numbered: use up to 46,340`)
  if (side * side < robots)
    throw new RangeError(`an arena of ${side} × ${side} cells is too small for ${robots} robots: use a larger one`)
}
