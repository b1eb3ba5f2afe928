import { RandomStream } from '../support/random-stream.ts'
import { Arena } from './arena.ts'

export interface Rules {
  readonly robots: number
  /** The arena's numbers of columns and rows. */
  readonly side: number
  readonly rounds: number
  /** Selects the random numbers: the same seed gives the same game. */
  readonly seed: string
}

/** The highest score, and the number of robots that have it. */
export interface Winners {
  readonly most: number
  readonly robots: number
  /** The first of these robots. */
  readonly first: number
}

export interface End {
  /** The number of taken cells. */
  readonly taken: number
  /** The winners by the points that the robots counted. */
  readonly byPoints: Winners
  /** The winners by the cells on the arena. */
  readonly onTheArena: Winners
}

/**
 * Musical chairs without repeats: in each round every robot picks a random cell. If the cell is free, the robot takes
 * it and gets a point. Robots are generators, and all of them are alive at the same time.
 */
export class Population {
  readonly #arena: Arena
  readonly #robots: readonly Generator<void, number>[]

  /** @throws RangeError for invalid rules */
  constructor(rules: Rules) {
    requirePlayable(rules)
    const { robots, side, rounds, seed } = rules
    const arena = new Arena(side * side)
    const stream = new RandomStream({ mission: seed, index: 0 })
    this.#arena = arena
    this.#robots = Array.from({ length: robots }, (_, name) => robot(name, rounds, arena, stream))
  }

  /** Plays one round. */
  playRound(): void {
    for (const each of this.#robots) each.next()
  }

  /** Ends the game, and returns the winners. */
  end(): End {
    const points = Int32Array.from(this.#robots, (each) => each.next().value as number)
    const cells = this.#arena.census(this.#robots.length)
    return { taken: this.#arena.taken, byPoints: winnersOf(points), onTheArena: winnersOf(cells) }
  }
}

/** A robot. Its name, its points and its position in the loop are local variables. */
function* robot(name: number, rounds: number, arena: Arena, stream: RandomStream): Generator<void, number> {
  let points = 0
  for (let round = 0; round < rounds; round++) {
    if (arena.take(stream.below(arena.cells), name)) points++
    yield
  }
  return points
}

function winnersOf(scores: Int32Array): Winners {
  const most = scores.reduce((a, b) => Math.max(a, b))
  return { most, robots: scores.filter((score) => score === most).length, first: scores.indexOf(most) }
}

function requirePlayable({ robots, side, rounds }: Rules): void {
  if (robots < 1) throw new RangeError(`${robots} robots can't play: use 1 or more`)
  if (rounds < 1) throw new RangeError(`${rounds} rounds are no game: use 1 or more`)
  if (side > 46_340) throw new RangeError(`cells of an arena of ${side} × ${side} can't be numbered: use up to 46,340`)
  if (side * side < robots)
    throw new RangeError(`an arena of ${side} × ${side} cells is too small for ${robots} robots: use a larger one`)
}
