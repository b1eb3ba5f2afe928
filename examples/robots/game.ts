import { RandomStream } from '../support/random-stream.ts'
import { Arena } from './arena.ts'

export interface Rules {
  readonly robots: number
  /** Cells of the arena in a row, and rows. */
  readonly side: number
  readonly rounds: number
  /** Names the random numbers: the same game twice has the same end. */
  readonly seed: string
}

/** The most that a robot got, and how many robots got that. */
export interface Winners {
  readonly most: number
  readonly robots: number
  /** The first of them. */
  readonly first: number
}

export interface End {
  /** Cells that were taken. */
  readonly taken: number
  /** By the points that the robots counted themselves. */
  readonly byPoints: Winners
  /** By the cells that bear their names. */
  readonly onTheArena: Winners
}

/**
 * Musical chairs on which nobody sits twice: in each round each robot picks a cell by chance and takes it, with a point,
 * if it is free. Robots are generators, all of them alive at once.
 */
export class Population {
  readonly #arena: Arena
  readonly #robots: readonly Generator<void, number>[]

  /** @throws RangeError for rules that are no game */
  constructor(rules: Rules) {
    requirePlayable(rules)
    const { robots, side, rounds, seed } = rules
    const arena = new Arena(side * side)
    const stream = new RandomStream({ mission: seed, index: 0 })
    this.#arena = arena
    this.#robots = Array.from({ length: robots }, (_, name) => robot(name, rounds, arena, stream))
  }

  /** Everybody's turn. */
  playRound(): void {
    for (const each of this.#robots) each.next()
  }

  /** Ends the game. */
  end(): End {
    const points = Int32Array.from(this.#robots, (each) => each.next().value as number)
    const cells = this.#arena.census(this.#robots.length)
    return { taken: this.#arena.taken, byPoints: winnersOf(points), onTheArena: winnersOf(cells) }
  }
}

/** One robot's life: its name, its points and where it is in its loop are its own. */
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
