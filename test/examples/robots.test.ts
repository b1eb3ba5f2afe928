import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Arena } from '../../examples/robots/arena.ts'
import robots, { type Game, type Played } from '../../examples/robots/robots.ts'

const play = (game: Partial<Game>) =>
  robots.run(
    { robots: 1000, side: 100, rounds: 10, seed: 'test', hops: false, ...game },
    { mission: 'm', region: 'us-east-1', regions: ['us-east-1'] },
  ) as Promise<Played>

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

test.each([
  [{ robots: 101, side: 10 }, 'too small for 101 robots'],
  [{ rounds: 0 }, '0 rounds are no game'],
  [{ robots: 0 }, "0 robots can't play"],
  [{ side: 46_341 }, "can't be numbered"],
])('%j is refused', async (game, why) => {
  await expect(play(game)).rejects.toThrow(why)
})
