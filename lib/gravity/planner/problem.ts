import * as v from 'valibot'
import { CLIENT } from '../../client-name.ts'
import { UsageError } from '../../errors.ts'
import { bookOf, type Prices, PUBLISHED_PRICES, priceFileSchema, requireRegion } from '../prices.ts'
import { coldStartSeconds, LAMBDA_LIMITS } from '../tables/lambda-performance.ts'

const amount = v.pipe(v.number(), v.finite(), v.minValue(0))
const size = v.pipe(amount, v.maxValue(2 ** 64))
const rate = v.pipe(v.number(), v.finite(), v.gtValue(0))
const whole = v.pipe(v.number(), v.safeInteger(), v.minValue(1))
const place = v.pipe(v.string(), v.minLength(1))

const linkSchema = v.strictObject({
  /** What the way carries, all readers together. */
  bitsPerSecond: rate,
  rttMs: v.optional(amount, 0),
})

const groupSchema = v.strictObject({
  /** What reports call it; the region by default. */
  name: v.optional(v.string()),
  /** The region the bytes are in. */
  region: place,
  bytes: size,
  /** What is left of them when the agent is done. */
  resultBytes: size,
  /** @default one GET for every 16 MB */
  objects: v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(0)), 0),
  /** Where the bytes may be processed. @default everywhere */
  allowed: v.optional(v.array(place)),
  /** Where the result may be sent: the region that merges and the destination. @default everywhere */
  resultAllowed: v.optional(v.array(place)),
})

const measuredSchema = v.strictObject({
  /** What one function gets through there. */
  bytesPerSecond: v.optional(rate),
  /** From sending the agent to its first line of work. */
  startSeconds: v.optional(amount),
})

const computeSchema = v.strictObject({
  /** Functions at work in each region. */
  workers: v.optional(whole, 1),
  /** Connections each function keeps busy. */
  connections: v.optional(whole, 8),
  /** What one function gets through when it does not wait for the network. @default never the bottleneck */
  bytesPerSecond: v.optional(rate),
  memoryMB: v.optional(v.pipe(whole, v.maxValue(LAMBDA_LIMITS.maxMemoryMB)), LAMBDA_LIMITS.mbPerVcpu),
  architecture: v.optional(v.picklist(['arm64', 'x86']), 'arm64'),
  /** @default the average of a 4 MiB bundle */
  coldStartSeconds: v.optional(amount, coldStartSeconds(4 * 2 ** 20)),
  /** Whether functions read through Lambda's token bucket; not so on a machine of one's own. */
  throttled: v.optional(v.boolean(), true),
  /** What merging takes by itself, however few results there are. */
  mergeSeconds: v.optional(amount, 0),
  /** What was measured of a place, instead of the figures above. */
  places: v.optional(v.record(v.string(), measuredSchema), {}),
})

/** The schema of a problem file. */
export const problemSchema = v.strictObject({
  groups: v.pipe(v.array(groupSchema), v.minLength(1, 'there is no data to plan for; name at least one group')),
  agentBytes: size,
  /** Where the code is: a region, or `internet` for a machine outside AWS. */
  client: place,
  /** Where the answer goes. @default home */
  destination: v.optional(place),
  /** Where code may run. @default the regions of the groups and of `allowed`, home and destination */
  regions: v.optional(v.pipe(v.array(place), v.minLength(1))),
  /** A price file; what it leaves out is taken from the published tables. */
  prices: v.optional(priceFileSchema),
  /** Ways between places, instead of the measured ones. */
  links: v.optional(v.record(v.string(), v.record(v.string(), linkSchema)), {}),
  /** The line of a machine outside AWS; needed where home or destination is `internet`. */
  clientLink: v.optional(linkSchema),
  compute: v.optional(computeSchema, {}),
  internetGBThisMonth: v.optional(amount, 0),
  deadlineSeconds: v.optional(rate),
  budgetUsd: v.optional(amount),
  /** @default `time` where only a budget is given, else `money` */
  objective: v.optional(v.picklist(['money', 'time'])),
})

/** A placement problem as a caller writes it: plain data. */
export type PlacementProblem = v.InferInput<typeof problemSchema>

/** Bytes of one region and one residency class. */
export type Group = Omit<v.InferOutput<typeof groupSchema>, 'name'> & { readonly name: string }

/** A problem read, with every default filled in and every region known. */
export interface ParsedProblem
  extends Omit<v.InferOutput<typeof problemSchema>, 'groups' | 'prices' | 'destination' | 'regions' | 'objective'> {
  readonly groups: readonly Group[]
  readonly prices: Prices
  readonly destination: string
  /** Every place where code may run; `internet` among them where the sender's own machine is home. */
  readonly places: readonly string[]
  readonly objective: 'money' | 'time'
  /** What ways between different places are multiplied by, to ask what faster ones would change. */
  readonly linkFactor: number
}

/**
 * Reads a problem and fills in the defaults.
 *
 * @throws {UsageError} `PROBLEM_INVALID` with the path of the first field that doesn't fit; `REGION_UNKNOWN` for a
 * region that neither the tables nor the given prices have.
 */
export function parseProblem(value: unknown): ParsedProblem {
  const parsed = v.safeParse(problemSchema, value, { abortEarly: true })
  if (!parsed.success) {
    const [issue] = parsed.issues
    throw new UsageError('PROBLEM_INVALID', `${v.getDotPath(issue) ?? 'problem'}: ${issue.message}`, {
      remedy: 'write the problem as docs/gravity.md shows: groups, agentBytes, home',
    })
  }
  return complete(parsed.output)
}

function complete(output: v.InferOutput<typeof problemSchema>): ParsedProblem {
  const { regions: _, ...rest } = output
  const prices = output.prices === undefined ? PUBLISHED_PRICES : bookOf(output.prices)
  const destination = output.destination ?? output.client
  const places = placesOf(output, destination)
  for (const name of new Set([...places, ...output.groups.map((group) => group.region), output.client, destination]))
    if (name !== CLIENT) requireRegion(name, prices)
  requireClientLink(output, destination)
  const groups = output.groups.map((group, index) => ({
    ...group,
    name: group.name ?? groupName(output.groups, index),
  }))
  const objective =
    output.objective ?? (output.budgetUsd !== undefined && output.deadlineSeconds === undefined ? 'time' : 'money')
  return { ...rest, groups, prices, destination, places, objective, linkFactor: 1 }
}

/** The region, with a number where several groups share it. */
function groupName(groups: readonly { readonly region: string }[], index: number): string {
  const { region } = groups[index]!
  const before = groups.slice(0, index).filter((group) => group.region === region).length
  return before === 0 ? region : `${region} #${before + 1}`
}

function placesOf(problem: v.InferOutput<typeof problemSchema>, destination: string): string[] {
  const { client, groups } = problem
  const named = problem.regions ?? [
    ...groups.map((group) => group.region),
    ...groups.flatMap((g) => g.allowed ?? []),
    client,
    destination,
  ]
  const outside = [client, destination].includes(CLIENT) ? [CLIENT] : []
  return [...new Set([...named.filter((name) => name !== CLIENT), ...outside])]
}

function requireClientLink(
  { client, clientLink, groups }: v.InferOutput<typeof problemSchema>,
  destination: string,
): void {
  if (groups.some((group) => group.region === CLIENT))
    throw new UsageError('PROBLEM_INVALID', "a group can't be on the internet: only data in a region can be planned", {
      remedy: 'upload it first, or leave it out',
    })
  if (clientLink !== undefined || (client !== CLIENT && destination !== CLIENT)) return
  throw new UsageError('PROBLEM_INVALID', 'homeLink is missing: home or destination is outside AWS', {
    remedy: 'say what its line carries: "homeLink": {"bitsPerSecond": 100000000, "rttMs": 40}',
  })
}
