import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Arena } from '../../examples/robots/arena.ts'
import { type End, Population, type Rules } from '../../examples/robots/game.ts'

function play(rules: Partial<Rules>): End {
  const all = { robots: 1000, side: 100, rounds: 10, seed: 'test', ...rules }
  const population = new Population(all)
  for (let round = 0; round < all.rounds; round++) population.playRound()
  return population.end()
}

test('a cell of the arena belongs to the first who takes it, however full it gets', () => {
  const moves = fc.array(fc.record({ cell: fc.nat(2000), robot: fc.nat(50) }), { maxLength: 3000 })
  fc.assert(
    fc.property(moves, (all) => {
      const arena = new Arena(2 ** 31)
      const owners = new Map<number, number>()
      for (const { cell, robot } of all) {
        expect(arena.take(cell, robot)).toBe(!owners.has(cell))
        if (!owners.has(cell)) owners.set(cell, robot)
      }
      const census = new Int32Array(51)
      for (const robot of owners.values()) census[robot]!++
      expect(arena.census(51)).toEqual(census)
      expect(arena.taken).toBe(owners.size)
    }),
    { numRuns: 30 },
  )
})

test('the arena grows, and forgets nobody', () => {
  const arena = new Arena(2 ** 31)
  for (let cell = 0; cell < 200_000; cell++) arena.take(cell * 10_007, cell % 7)
  for (let cell = 0; cell < 200_000; cell++) if (arena.take(cell * 10_007, 7)) throw new Error(`${cell} was free`)
  expect([...arena.census(8)]).toEqual([28_572, 28_572, 28_572, 28_571, 28_571, 28_571, 28_571, 0])
})

test('points and arena name the same winners', () => {
  const { byPoints, onTheArena, taken } = play({})
  expect(byPoints).toEqual(onTheArena)
  expect(byPoints.most).toBe(10)
  // 10,000 moves on 10,000 cells: all but one in e hit a free one; five standard deviations are 260.
  expect(Math.abs(taken - 10_000 * (1 - 1 / Math.E))).toBeLessThan(260)
})

test('an arena is full when it is full', () => {
  expect(play({ robots: 4, side: 2, rounds: 100 }).taken).toBe(4)
})

test.each([
  [{ robots: 101, side: 10 }, 'too small for 101 robots'],
  [{ rounds: 0 }, '0 rounds are no game'],
  [{ robots: 0 }, "0 robots can't play"],
  [{ side: 46_341 }, "can't be numbered"],
])('%j is refused', (rules, why) => {
  expect(() => play(rules)).toThrow(why)
})
