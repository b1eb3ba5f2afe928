import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { placementFrontier } from '../../../lib/gravity/planner/frontier.ts'
import { buildModel } from '../../../lib/gravity/planner/model.ts'
import { type FeasiblePlan, type Plan, planPlacement } from '../../../lib/gravity/planner/plan-placement.ts'
import { type PlacementProblem, parseProblem } from '../../../lib/gravity/planner/problem.ts'
import { LONG } from '../../support/long.ts'
import { loadHighs } from '../support/highs.ts'
import { solveWithMilp } from '../support/milp.ts'
import { randomProblem, seededRandom, wildProblem } from '../support/problems.ts'

const now = new Date('2026-11-23')
const GB = 1e9

const two: PlacementProblem = {
  groups: [
    { region: 'us-east-1', bytes: 2000 * GB, resultBytes: 1e6 },
    { region: 'eu-west-2', bytes: 1000 * GB, resultBytes: 1e6 },
  ],
  agentBytes: 50_000,
  client: 'us-east-1',
  compute: { workers: 64 },
}

const regionsOf = (plan: Plan) => plan.assignments.map(({ region }) => region)
const sum = (lines: readonly { usd: number }[]) => lines.reduce((total, line) => total + line.usd, 0)

function feasible(problem: PlacementProblem): FeasiblePlan {
  const plan = planPlacement(problem, { now })
  if (!plan.feasible) throw new Error(plan.reasons.join('; '))
  return plan
}

describe('a plan', () => {
  it('is plain data', () => {
    const plan = feasible(two)
    expect(JSON.parse(JSON.stringify(plan))).toEqual(plan)
    expect(plan).toMatchObject({
      feasible: true,
      objective: 'money',
      optimal: true,
      gap: 0,
      mergeRegion: 'us-east-1',
      assignments: [
        { group: 0, name: 'us-east-1', region: 'us-east-1' },
        { group: 1, name: 'eu-west-2', region: 'eu-west-2' },
      ],
      reasons: ['every group is processed in its own region'],
      pricesAsOf: '2023-04-27',
    })
    expect(plan.lowerBound).toBeLessThanOrEqual(plan.usd)
  })

  it('sends code to data where results are small', () => {
    expect(regionsOf(feasible(two))).toEqual(['us-east-1', 'eu-west-2'])
  })

  it('moves data to code where results are larger than the data', () => {
    const groups = two.groups.map((group) => ({ ...group, resultBytes: 2 * group.bytes }))
    expect(regionsOf(feasible({ ...two, groups }))).toEqual(['us-east-1', 'us-east-1'])
  })

  it('mixes both where that is best', () => {
    const groups = [...two.groups, { region: 'ap-northeast-1', bytes: 100 * GB, resultBytes: 500 * GB }]
    const plan = feasible({ ...two, groups })
    expect(regionsOf(plan)).toEqual(['us-east-1', 'eu-west-2', 'us-east-1'])
    expect(plan.alternatives[0]).toMatchObject({ name: 'mixed', usd: plan.usd })
    expect(plan.reasons).toEqual(['2 of 3 groups are processed in their own regions, the others are moved'])
  })

  it('merges where results are dear to move', () => {
    const groups = [
      { region: 'us-east-1', bytes: 100 * GB, resultBytes: 10 * GB },
      { region: 'sa-east-1', bytes: 100 * GB, resultBytes: 90 * GB, allowed: ['sa-east-1'] },
    ]
    expect(feasible({ ...two, groups, client: 'sa-east-1' }).mergeRegion).toBe('sa-east-1')
  })

  it('weighs a machine outside AWS by the tiers of the internet', () => {
    const client = { client: 'client', clientLink: { bitsPerSecond: 100e6, rttMs: 40 } }
    const plan = feasible({ ...two, ...client })
    expect(regionsOf(plan)).toEqual(['us-east-1', 'eu-west-2'])
    expect(plan.mergeRegion).toBe('client')
    const download = plan.alternatives.find(({ name }) => name === 'data to code')!
    expect(download.seconds).toBeGreaterThanOrEqual((8 * 3000 * GB) / 100e6)
    expect(download.usd).toBeGreaterThan(200)
  })

  it('of fifty GB runs on the sender’s machine: the free tier makes that the cheapest', () => {
    const client = { client: 'client', clientLink: { bitsPerSecond: 1e9 } }
    const groups = [{ region: 'us-east-1', bytes: 50 * GB, resultBytes: 1 }]
    const plan = feasible({ ...two, ...client, groups })
    expect(regionsOf(plan)).toEqual(['client'])
    expect(regionsOf(feasible({ ...two, ...client, groups, internetGBThisMonth: 100 }))).toEqual(['us-east-1'])
  })

  it('names groups that share a region', () => {
    const groups = [two.groups[0]!, two.groups[0]!, { ...two.groups[0]!, name: 'logs' }]
    expect(feasible({ ...two, groups }).assignments.map(({ name }) => name)).toEqual([
      'us-east-1',
      'us-east-1 #2',
      'logs',
    ])
  })

  it('warns of old prices, of ways nobody measured, and of work longer than a function may run', () => {
    const { compute: _, ...slow } = two
    const groups = two.groups.map((group) => ({ ...group, region: group.region.replace('eu-west-2', 'eu-west-1') }))
    const { warnings } = feasible({ ...slow, groups })
    expect(warnings).toContainEqual(expect.stringContaining('lander prices refresh'))
    expect(warnings).toContainEqual(expect.stringContaining('no measurement exists of the link inside eu-west-1'))
    expect(warnings).toContainEqual(
      expect.stringMatching(/work in us-east-1 takes .* a function may run only 15 min: use \d+ workers/),
    )
  })
})

describe('laws of plans', () => {
  const seeds = fc.integer({ min: 0, max: 2 ** 31 - 1 })
  const worlds = fc.constantFrom(randomProblem, wildProblem)
  const size = { regions: 6, groups: 8 }
  const check = (law: (problem: PlacementProblem, random: () => number) => void) =>
    fc.assert(
      fc.property(seeds, worlds, (seed, world) => law(world(seededRandom(seed), size), seededRandom(seed + 1))),
      { numRuns: LONG ? 40 : 10 },
    )
  const close = (a: number, b: number) => expect(a / b).toBeCloseTo(1, 7)
  const notAbove = (a: number, b: number) => expect(a).toBeLessThanOrEqual(b * (1 + 1e-8))

  it('the lines add up to the money', () => {
    check((problem) => {
      const plan = feasible(problem)
      close(sum(plan.lines), plan.usd)
    })
  })

  it('the lines add up with the tiers of the internet too', () => {
    check((problem) => {
      // Made-up worlds have no prices of the internet.
      if (problem.prices !== undefined) return
      const outside = { client: 'client', destination: 'client', clientLink: { bitsPerSecond: 1e9 } }
      const plan = planPlacement({ ...problem, ...outside }, { now, nodeLimit: 1000 })
      close(sum(plan.lines), plan.usd!)
    })
  })

  it('a plan is never worse than a naive one that keeps the limits, in money or in time', () => {
    check((problem, random) => {
      const { seconds, usd } = feasible(problem)
      const limits =
        random() < 0.5 ? { deadlineSeconds: seconds * (0.5 + random()) } : { budgetUsd: usd * (1 + random()) }
      const plan = planPlacement({ ...problem, ...limits }, { now })
      const rivals = plan.alternatives.filter((alternative) => alternative.feasible)
      if (!plan.feasible) {
        expect(rivals).toEqual([])
        return
      }
      const measure = plan.objective === 'money' ? 'usd' : 'seconds'
      for (const rival of rivals) notAbove(plan[measure], rival[measure])
    })
  })

  it('more time is never dearer, and more money never slower', () => {
    check((problem, random) => {
      const { seconds, usd } = feasible(problem)
      const tight = planPlacement({ ...problem, deadlineSeconds: seconds * (0.3 + 0.7 * random()) }, { now })
      if (tight.feasible && tight.optimal) notAbove(usd, tight.usd)
      const generous = feasible({ ...problem, budgetUsd: usd * 2 })
      const mean = feasible({ ...problem, budgetUsd: usd * 1.01 })
      if (generous.optimal) notAbove(generous.seconds, mean.seconds * (1 + 1e-6))
    })
  })

  it('a freedom more is never dearer: residency lifted, a region added', () => {
    check((problem) => {
      const { usd } = feasible(problem)
      const free = { ...problem, groups: problem.groups.map(({ allowed: _, ...group }) => group) }
      notAbove(feasible(free).usd, usd)
      const used = new Set([
        problem.client,
        problem.destination!,
        ...problem.groups.flatMap((g) => [g.region, ...(g.allowed ?? [])]),
      ])
      notAbove(usd, feasible({ ...problem, regions: [...used] }).usd)
    })
  })

  it('more bytes are never cheaper', () => {
    check((problem) => {
      const grown = { ...problem, groups: problem.groups.map((group) => ({ ...group, bytes: group.bytes * 1.5 })) }
      notAbove(feasible(problem).usd, feasible(grown).usd)
    })
  })

  it('residency of data and of results is kept', () => {
    check((problem, random) => {
      const bucketRegions = [problem.client, problem.destination!]
      const resultAllowed = [...bucketRegions, problem.regions![Math.floor(random() * problem.regions!.length)]!]
      const groups = problem.groups.map((group) => (random() < 0.5 ? { ...group, resultAllowed } : group))
      const plan = feasible({ ...problem, groups })
      for (const { group, region } of plan.assignments) {
        const { allowed } = groups[group]!
        if (allowed !== undefined) expect(allowed).toContain(region)
      }
      if (groups.some((group) => group.resultAllowed)) expect(resultAllowed).toContain(plan.mergeRegion)
    })
  })

  it('the frontier gets cheaper as it gets slower, from the fastest plan to the cheapest', () => {
    check((problem) => {
      const points = placementFrontier(problem, { steps: 4 })
      for (const [index, point] of points.slice(1).entries()) {
        expect(point.usd).toBeLessThan(points[index]!.usd)
        expect(point.seconds).toBeGreaterThanOrEqual(points[index]!.seconds)
      }
      close(points.at(-1)!.usd, feasible(problem).usd)
    })
  })
})

describe('a problem without a plan', () => {
  const eu = ['eu-west-1', 'eu-central-1']

  it.each([
    [
      'residency of data',
      { regions: ['us-east-1'], groups: [two.groups[0]!, { ...two.groups[1]!, name: 'patients', allowed: eu }] },
      'residency of data: group 1 (patients) may be processed only in eu-west-1, eu-central-1, and no code can run there',
    ],
    [
      'nowhere allowed',
      { groups: [{ ...two.groups[0]!, allowed: [] }] },
      'group 0 (us-east-1) may be processed nowhere',
    ],
    [
      'the destination of results',
      { groups: [{ ...two.groups[1]!, resultAllowed: eu }] },
      'residency of results: the result of group 0 (eu-west-2) may only be sent to eu-west-1 or eu-central-1, not to the destination us-east-1',
    ],
    [
      'no common place for results',
      {
        destination: 'us-east-1',
        regions: ['us-west-2', 'eu-west-1'],
        groups: [{ ...two.groups[0]!, resultAllowed: ['us-east-1', 'eu-west-3'] }],
      },
      'no place where code can run may receive every result: group 0 (us-east-1) only to us-east-1 or eu-west-3',
    ],
    [
      'a deadline shorter than a cold start',
      { deadlineSeconds: 0.1 },
      '100 ms is shorter than one start, which takes 374 ms',
    ],
    ['a deadline too short', { deadlineSeconds: 10 }, 'the deadline is 10 s'],
    ['a budget too small', { budgetUsd: 0.01, objective: 'money' as const }, 'the budget is $0.01'],
    ['no budget at all', { budgetUsd: 0 }, 'the budget is $0.00'],
    ['both limits at odds', { budgetUsd: 1, deadlineSeconds: 300 }, 'the fastest plan found within $1.00 takes'],
  ])('says so, and why: %s', (_name, change, reason) => {
    const plan = planPlacement({ ...two, ...change }, { now })
    expect(plan).toMatchObject({ feasible: false, usd: null, seconds: null, lowerBound: null, assignments: [] })
    expect(plan.reasons.join('; ')).toContain(reason)
  })

  it('shows what there would be without the limits', () => {
    const plan = planPlacement({ ...two, deadlineSeconds: 10 }, { now })
    expect(plan.alternatives.map(({ name, feasible: fits }) => [name, fits])).toContainEqual(['code to data', false])
  })

  it('lists the naive ideas that residency rules out', () => {
    const plan = feasible({ ...two, groups: [{ ...two.groups[1]!, allowed: ['eu-west-2'] }] })
    expect(plan.excluded).toEqual([
      { name: 'data to code', why: 'group 0 (eu-west-2) may not be processed in us-east-1' },
    ])
  })

  it('has an empty frontier', () => {
    expect(placementFrontier({ ...two, groups: [{ ...two.groups[0]!, allowed: [] }] })).toEqual([])
  })
})

describe('bad input', () => {
  const [group] = two.groups

  it.each([
    ['no groups', { groups: [] }, 'there is no data to plan for'],
    ['negative bytes', { groups: [{ ...group!, bytes: -1 }] }, 'groups.0.bytes'],
    ['bytes that are no number', { groups: [{ ...group!, bytes: Number.NaN }] }, 'groups.0.bytes'],
    ['endless bytes', { groups: [{ ...group!, bytes: Number.POSITIVE_INFINITY }] }, 'groups.0.bytes'],
    ['bytes beyond counting', { groups: [{ ...group!, bytes: 1e30 }] }, 'groups.0.bytes'],
    ['bytes as text', { groups: [{ ...group!, bytes: '1TB' as never }] }, 'groups.0.bytes'],
    ['no result bytes', { groups: [{ region: 'us-east-1', bytes: 1 } as never] }, 'groups.0.resultBytes'],
    ['an unknown field', { speed: 1 } as never, 'speed'],
    ['a deadline of zero', { deadlineSeconds: 0 }, 'deadlineSeconds'],
    ['a negative budget', { budgetUsd: -1 }, 'budgetUsd'],
    ['no workers', { compute: { workers: 0 } }, 'compute.workers'],
    ['too much memory', { compute: { memoryMB: 20_000 } }, 'compute.memoryMB'],
    ['no regions', { regions: [] }, 'regions'],
    ['home outside AWS without a line', { client: 'client' }, 'clientLink is missing'],
    ['data outside AWS', { groups: [{ ...group!, region: 'client' }] }, "can't be on the client"],
  ])('is refused: %s', (_name, change, message) => {
    expect(() => planPlacement({ ...two, ...change })).toThrow(
      expect.objectContaining({ code: 'PROBLEM_INVALID', message: expect.stringContaining(message) }),
    )
  })

  it.each([
    ['client', { client: 'mars-1' }],
    ['destination', { destination: 'mars-1' }],
    ['a group', { groups: [{ ...group!, region: 'mars-1' }] }],
    ['allowed', { groups: [{ ...group!, allowed: ['mars-1'] }] }],
    ['regions', { regions: ['mars-1'] }],
  ])('is refused: an unknown region in %s', (_name, change) => {
    expect(() => planPlacement({ ...two, ...change })).toThrow(
      expect.objectContaining({ code: 'REGION_UNKNOWN', message: 'region "mars-1" is not known' }),
    )
  })

  it('is refused: a price that the plan could need and nobody knows', () => {
    const prices = { source: 'mine', asOf: '2026-01-01', interRegionUsdPerGB: { 'us-east-1': { 'eu-west-2': 0.01 } } }
    expect(() => planPlacement({ ...two, prices })).toThrow(
      expect.objectContaining({
        code: 'PRICE_UNKNOWN',
        message: expect.stringContaining('from eu-west-2 to us-east-1'),
      }),
    )
    expect(() => planPlacement({ ...two, client: 'eu-south-2' })).toThrow(
      expect.objectContaining({ code: 'PRICE_UNKNOWN' }),
    )
  })

  it('is refused: a way that nobody measured between regions nobody knows', () => {
    const price = { x86UsdPerGBSecond: 1e-5, arm64UsdPerGBSecond: 1e-5, usdPerRequest: 2e-7 }
    const prices = {
      source: 'mine',
      asOf: '2026-01-01',
      s3: { 'mars-1': { getUsdPer1000: 0.0004, putUsdPer1000: 0.005 } },
      lambda: { 'mars-1': price },
    }
    const mars = { groups: [{ ...group!, region: 'mars-1' }], client: 'mars-1', prices }
    expect(() => planPlacement({ ...two, ...mars })).toThrow('no link is known from mars-1 to mars-1')
    const links = { 'mars-1': { 'mars-1': { bitsPerSecond: 1e9 } } }
    expect(feasible({ ...two, ...mars, links }).mergeRegion).toBe('mars-1')
  })
})

describe('where the nodes run out', () => {
  it('the plan says that it is not proven, and the best one, which HiGHS knows, is not below its bound', async () => {
    const highs = await loadHighs()
    const problem = wildProblem(seededRandom(5), { regions: 5, groups: 8 })
    const deadlineSeconds = (feasible(problem).seconds + feasible({ ...problem, objective: 'time' }).seconds) / 2
    const plan = planPlacement({ ...problem, deadlineSeconds }, { nodeLimit: 30, now })
    const { best } = solveWithMilp(buildModel(parseProblem(problem)), deadlineSeconds, highs)
    if (!plan.feasible) throw new Error(plan.reasons.join('; '))
    expect(plan.optimal).toBe(false)
    expect(plan.lowerBound).toBeLessThanOrEqual(best!.usd * (1 + 1e-8))
    expect(plan.usd).toBeGreaterThanOrEqual(best!.usd * (1 - 1e-8))
    expect(feasible({ ...problem, deadlineSeconds }).usd / best!.usd).toBeCloseTo(1, 8)
  })
})
