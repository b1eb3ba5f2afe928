import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type AgentLoad, fullness, type PlaceLoad, planMoves, weightOf } from '../../lib/places/plan-moves.ts'

const agent = (name: string, memoryBytes: number, movable = true): AgentLoad => ({ name, memoryBytes, movable })

describe('moves', () => {
  test('are empty while no place exceeds its bounds', () => {
    const loads = [
      { place: 'a', bounds: { agents: 2, memoryBytes: 10 }, agents: [agent('x', 4), agent('y', 6)] },
      { place: 'b', bounds: {}, agents: [] },
    ]
    expect(planMoves(loads)).toEqual([])
  })

  test('take the largest agent first, to the place that is emptiest then', () => {
    const loads = [
      { place: 'a', bounds: { memoryBytes: 10 }, agents: [agent('small', 3), agent('large', 8)] },
      { place: 'b', bounds: { memoryBytes: 20 }, agents: [agent('other', 9)] },
      { place: 'c', bounds: { memoryBytes: 100 }, agents: [agent('another', 30)] },
    ]
    expect(planMoves(loads)).toEqual([{ agent: 'large', from: 'a', to: 'c' }])
  })

  test('are as many as needed', () => {
    const agents = ['1', '2', '3', '4', '5'].map((name) => agent(name, 1))
    const loads = [
      { place: 'a', bounds: { agents: 2 }, agents },
      { place: 'b', bounds: { agents: 9 }, agents: [] },
    ] // prettier-ignore
    expect(planMoves(loads).map(({ agent }) => agent)).toEqual(['1', '2', '3'])
  })

  test('overload no other place', () => {
    const agents = [agent('x', 5), agent('y', 5)]
    const loads = [
      { place: 'a', bounds: { memoryBytes: 5 }, agents },
      { place: 'b', bounds: { memoryBytes: 4 }, agents: [] },
    ]
    expect(planMoves(loads)).toEqual([])
  })

  test('ignore agents that are already moving', () => {
    const agents = [agent('x', 5, false), agent('y', 5)]
    const loads = [
      { place: 'a', bounds: { agents: 0 }, agents },
      { place: 'b', bounds: {}, agents: [] },
    ] // prettier-ignore
    expect(planMoves(loads)).toEqual([{ agent: 'y', from: 'a', to: 'b' }])
  })

  const load = (place: string): fc.Arbitrary<PlaceLoad> =>
    fc.record({
      place: fc.constant(place),
      bounds: fc.record({ agents: fc.integer({ min: 0, max: 8 }), memoryBytes: fc.integer({ min: 0, max: 40 }) }),
      agents: fc
        .array(fc.tuple(fc.integer({ min: 1, max: 20 }), fc.boolean()), { maxLength: 8 })
        .map((all) => all.map(([bytes, movable], index) => agent(`${place}${index}`, bytes, movable))),
    })
  const world = fc.tuple(load('a'), load('b'), load('c'))

  test('overload no place, lose no agent, and leave none in a full place if another has room', () => {
    fc.assert(
      fc.property(world, (loads) => {
        const moves = planMoves(loads)
        expect(planMoves(loads)).toEqual(moves)
        expect(new Set(moves.map(({ agent }) => agent)).size).toBe(moves.length)
        const after = loads.map((load) => ({ ...load, agents: movedIn(load, loads, moves) }))
        expect(after.flatMap(({ agents }) => agents)).toHaveLength(loads.flatMap(({ agents }) => agents).length)
        for (const [index, { agents, bounds }] of after.entries()) {
          const before = fullness(weightOf(loads[index]!.agents), bounds)
          expect(fullness(weightOf(agents), bounds)).toBeLessThanOrEqual(Math.max(1, before))
        }
      }),
    )
  })
})

function movedIn(load: PlaceLoad, loads: readonly PlaceLoad[], moves: ReturnType<typeof planMoves>): AgentLoad[] {
  const all = loads.flatMap(({ agents }) => agents)
  const gone = moves.filter(({ from }) => from === load.place).map(({ agent }) => agent)
  const come = moves.filter(({ to }) => to === load.place).map(({ agent }) => agent)
  return [...load.agents.filter(({ name }) => !gone.includes(name)), ...all.filter(({ name }) => come.includes(name))]
}
