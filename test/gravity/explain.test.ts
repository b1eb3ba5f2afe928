import { describe, expect, it } from 'vitest'
import { explainPlan } from '../../lib/gravity/explain.ts'
import { breakEvens } from '../../lib/gravity/planner/break-even.ts'
import { planPlacement } from '../../lib/gravity/planner/plan-placement.ts'
import type { PlacementProblem } from '../../lib/gravity/planner/problem.ts'

const now = new Date('2026-11-23')
const problem: PlacementProblem = {
  groups: [
    { region: 'us-east-1', bytes: 2e12, resultBytes: 1e8 },
    { region: 'eu-west-2', bytes: 1e10, resultBytes: 1e9 },
  ],
  agentBytes: 50_000,
  client: 'us-east-1',
  compute: { workers: 64 },
}
const explained = (change: Partial<PlacementProblem> = {}) => {
  const changed = { ...problem, ...change }
  return explainPlan(planPlacement(changed, { now }), changed)
}

describe('an explanation', () => {
  const text = explained()

  it('begins with the decision', () => {
    expect(text.split('\n')[0]).toMatch(
      /^\$0\.\d+ in 6 min \d+ s, proven to be the cheapest: every group is processed in its own region\.$/,
    )
  })

  it('says what happens to each group and where results meet', () => {
    expect(text).toContain('us-east-1  2 TB   processed where it is')
    expect(text).toContain('results are merged in us-east-1')
    expect(explained({ groups: [{ ...problem.groups[1]!, resultBytes: 1e12 }] })).toContain('moved to us-east-1')
  })

  it('lists what the alternatives cost', () => {
    expect(text).toMatch(/code to data +\$0\.\d+/)
    expect(text).toMatch(/data to code +\$0\.\d+/)
  })

  it('says what would change the answer, and by how much', () => {
    expect(text).toContain('data to code gets cheaper')
    expect(text).toMatch(/if results grow to 11 GB \(9\.\d+ times\)/)
    expect(text).toMatch(/if transfer between regions costs \d+ times less/)
  })

  it('names the date of its prices and warns of their age', () => {
    expect(text).toContain('List prices of 2023-04-27.')
    expect(text).toContain('lander prices refresh fetches current ones')
  })

  it('tells how far a plan may be from the best one where that is not proven', () => {
    const plan = { ...planPlacement(problem, { now }), optimal: false, gap: 0.0123 }
    expect(explainPlan(plan as never, problem)).toContain('at most 1.2% from the cheapest possible')
  })

  it('of a plan for time speaks of time', () => {
    const hurried = explained({ objective: 'time' })
    expect(hurried).toContain('proven to be the fastest')
  })

  it('says why there is no plan, and what there would be', () => {
    const none = explained({ deadlineSeconds: 10 })
    expect(none).toContain('There is no plan.\n  deadline: the fastest plan found takes')
    expect(none).toContain('Without the limits')
  })

  it('says what is not possible', () => {
    expect(explained({ groups: [{ ...problem.groups[1]!, allowed: ['eu-west-2'] }] })).toContain(
      'data to code: not possible, group 0 (eu-west-2) may not be processed in us-east-1',
    )
  })

  it('marks alternatives that break a limit', () => {
    const { seconds } = planPlacement({ ...problem, objective: 'time' }, { now })
    const groups = [...problem.groups, { region: 'eu-west-2', bytes: 3e12, resultBytes: 1 }]
    expect(explained({ groups, deadlineSeconds: seconds! * 2 })).toContain('breaks the deadline or the budget')
  })
})

describe('break-evens', () => {
  const mine = { regions: ['us-east-1', 'eu-west-2'], mergeRegion: 'us-east-1' }
  const rival = { regions: ['us-east-1', 'us-east-1'], mergeRegion: 'us-east-1' }
  const points = breakEvens(problem, mine, rival)
  const usdOf = (change: Partial<PlacementProblem>, name: string) =>
    planPlacement({ ...problem, ...change }, { now }).alternatives.find((each) => each.name === name)!.usd

  it('lie where plan and rival cost the same', () => {
    const { factor } = points.find(({ what }) => what === 'result bytes')!
    const groups = problem.groups.map((group) => ({ ...group, resultBytes: group.resultBytes * factor }))
    expect(usdOf({ groups }, 'data to code') / usdOf({ groups }, 'code to data')).toBeCloseTo(1, 6)
  })

  it('are left out where nothing within a thousandfold changes the answer', () => {
    const small = { ...problem, groups: problem.groups.map((group) => ({ ...group, resultBytes: 1 })) }
    expect(breakEvens(small, mine, rival).map(({ what }) => what)).not.toContain('result bytes')
  })
})
