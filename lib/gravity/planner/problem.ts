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
  /** The bandwidth for all readers together. */
  bitsPerSecond: rate,
  rttMs: v.optional(amount, 0),
})

const groupSchema = v.strictObject({
  /** The name in reports. @default the region */
  name: v.optional(v.string()),
  /** The region of the data. */
  region: place,
  bytes: size,
  /** Bytes of the agent's result. */
  resultBytes: size,
  /** @default one GET for every 16 MB */
  objects: v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(0)), 0),
  /** The places where the data may be processed. @default everywhere */
  allowed: v.optional(v.array(place)),
  /** The places where the result may be sent: to be merged, and to be delivered. @default everywhere */
  resultAllowed: v.optional(v.array(place)),
})

const measuredSchema = v.strictObject({
  /** The rate at which one function processes data there. */
  bytesPerSecond: v.optional(rate),
  /** Seconds from sending the agent to the start of its work. */
  startSeconds: v.optional(amount),
})

const computeSchema = v.strictObject({
  /** Parallel functions in each region. */
  workers: v.optional(whole, 1),
  /** Parallel connections of each function. */
  connections: v.optional(whole, 8),
  /** The rate at which one function processes data that it has. @default unlimited */
  bytesPerSecond: v.optional(rate),
  memoryMB: v.optional(v.pipe(whole, v.maxValue(LAMBDA_LIMITS.maxMemoryMB)), LAMBDA_LIMITS.mbPerVcpu),
  architecture: v.optional(v.picklist(['arm64', 'x86']), 'arm64'),
  /** @default the average of a 4 MiB bundle */
  coldStartSeconds: v.optional(amount, coldStartSeconds(4 * 2 ** 20)),
  /** Whether Lambda's token bucket limits the network of functions. It does not in a local cloud. */
  throttled: v.optional(v.boolean(), true),
  /** The constant time of merging. */
  mergeSeconds: v.optional(amount, 0),
  /** Measured figures of single places, which replace those above. */
  places: v.optional(v.record(v.string(), measuredSchema), {}),
})

/** The schema of a problem file. */
export const problemSchema = v.strictObject({
  groups: v.pipe(v.array(groupSchema), v.minLength(1, 'there is no data to plan for; name at least one group')),
  agentBytes: size,
  /** Where the code is sent from: a region, or `client` for a computer outside AWS. */
  client: place,
  /** Where the merged result is delivered. @default the place of the client */
  destination: v.optional(place),
  /** Where code may run. @default the regions of the groups and of `allowed`, the client's place and the destination */
  regions: v.optional(v.pipe(v.array(place), v.minLength(1))),
  /** A price file. The built-in prices replace sections that it does not have. */
  prices: v.optional(priceFileSchema),
  /** Links between places, which replace the measured ones. */
  links: v.optional(v.record(v.string(), v.record(v.string(), linkSchema)), {}),
  /** The line of the computer outside AWS. It is needed if client or destination is `client`. */
  clientLink: v.optional(linkSchema),
  compute: v.optional(computeSchema, {}),
  internetGBThisMonth: v.optional(amount, 0),
  deadlineSeconds: v.optional(rate),
  budgetUsd: v.optional(amount),
  /** @default `time` where only a budget is given, else `money` */
  objective: v.optional(v.picklist(['money', 'time'])),
})

/** A placement problem, as plain data. */
export type PlacementProblem = v.InferInput<typeof problemSchema>

/** Data of one region with the same residency rules. */
export type Group = Omit<v.InferOutput<typeof groupSchema>, 'name'> & { readonly name: string }

/** A parsed problem, with all defaults filled in and all regions known. */
export interface ParsedProblem
  extends Omit<v.InferOutput<typeof problemSchema>, 'groups' | 'prices' | 'destination' | 'regions' | 'objective'> {
  readonly groups: readonly Group[]
  readonly prices: Prices
  readonly destination: string
  /** All places where code may run, including `client` if that is where the code is sent from. */
  readonly places: readonly string[]
  readonly objective: 'money' | 'time'
  /** The factor of the bandwidth between places, to compute what faster links would change. */
  readonly linkFactor: number
}

/**
 * Parses a problem and fills in the defaults.
 *
 * @throws {UsageError} `PROBLEM_INVALID` with the path of the first invalid field; `REGION_UNKNOWN` for a region that
 * neither the tables nor the given prices have
 */
export function parseProblem(value: unknown): ParsedProblem {
  const parsed = v.safeParse(problemSchema, value, { abortEarly: true })
  if (!parsed.success) {
    const [issue] = parsed.issues
    throw new UsageError('PROBLEM_INVALID', `${v.getDotPath(issue) ?? 'problem'}: ${issue.message}`, {
      remedy: 'write the problem as docs/gravity.md shows, with groups, agentBytes and client',
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

/** The name of a group: its region, with a number if several groups have the same region. */
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
    throw new UsageError(
      'PROBLEM_INVALID',
      "the data of a group can't be on the client; only data in a region can be planned",
      {
        remedy: 'upload the data first, or remove the group',
      },
    )
  if (clientLink !== undefined || (client !== CLIENT && destination !== CLIENT)) return
  throw new UsageError('PROBLEM_INVALID', 'clientLink is missing: the client or the destination is outside AWS', {
    remedy: 'add the bandwidth of its line: "clientLink": {"bitsPerSecond": 100000000, "rttMs": 40}',
  })
}
