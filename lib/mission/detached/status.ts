/** What became of a detached mission, from any machine: its traces lie in the agent buckets of the regions. */
import { UsageError } from '../../errors.ts'
import type { FleetClients } from '../../fleet/clients.ts'
import type { Fleet } from '../../fleet/fleet-file.ts'
import { type Register, readRegister } from '../../host/ledger.ts'
import { answerKey, cancelledKey, type ListedBucket, missionPrefix } from '../../objects/agent-bucket.ts'
import { createS3AgentBucket } from '../../objects/s3-agent-bucket.ts'
import { MAX_RECORD_BYTES, type MissionAnswer, parseAnswer } from '../../relay/detached-records.ts'
import { type MissionRequest, readRequest } from '../../relay/detached-request.ts'

/** Where to look for a mission. */
export interface LookUpOptions {
  readonly fleet: Fleet
  readonly clients: FleetClients
  /** Milliseconds since 1970. @default Date.now */
  readonly now?: () => number
}

/** The last landing of an agent of a mission, or of a copy. */
export interface LastLanding {
  readonly branch: string
  readonly sequence: number
  readonly region: string
  /** Attempts at it so far. */
  readonly attempts: number
  /** Whether it has ended: then the agent is on its way, or at an end. */
  readonly ended: boolean
  /** Until when the place may be at it, milliseconds since 1970; absent once it has ended. */
  readonly until?: number
}

/** How far a mission has come: `expired` is one whose order ran out before anybody wrote an answer down. */
export type MissionState = 'under way' | 'answered' | 'cancelled' | 'expired'

/** Where a mission stands. */
export interface MissionStatus {
  readonly mission: string
  readonly state: MissionState
  /** Where its relay runs. */
  readonly relay: string
  readonly regions: readonly string[]
  /** Milliseconds since 1970. */
  readonly sentAt: number
  readonly expiresAt: number
  /** Landings so far, of agents and copies. */
  readonly landings: number
  /** Attempts that were made in place of others. */
  readonly replaced: number
  /** Each agent's and copy's last landing, in the order of their names. */
  readonly last: readonly LastLanding[]
}

/** Where a mission stands. @throws UsageError `MISSION_UNKNOWN` */
export async function missionStatus(mission: string, options: LookUpOptions): Promise<MissionStatus> {
  const { now = Date.now } = options
  const { request, client, agents } = await findMission(mission, options)
  const [keys, ...found] = await Promise.all([
    agents.list(missionPrefix(mission)),
    ...request.regions.map(({ region, agentBucket }) =>
      landingsIn(region, mission, createS3AgentBucket({ client: options.clients.s3(region), bucket: agentBucket })),
    ),
  ])
  const landings = found.flat()
  const has = (key: string) => keys.includes(key)
  const lastOnes = lastOf(landings)
  const last = await Promise.all(lastOnes.map((landing) => describe(landing, mission)))
  const marks = { answered: has(answerKey(mission)), cancelled: has(cancelledKey(mission)) }
  const state = stateOf({ ...marks, request, now: now() })
  return {
    mission,
    state,
    relay: client,
    regions: request.regions.map(({ region }) => region),
    sentAt: request.sentAt,
    expiresAt: request.expiresAt,
    landings: landings.length,
    replaced: landings.reduce((sum, { registers }) => sum + Math.max(0, registers - 2), 0),
    last,
  }
}

/** What a mission came to; `undefined` while it is under way. @throws UsageError `MISSION_UNKNOWN` */
export async function missionAnswer(
  mission: string,
  options: LookUpOptions,
): Promise<{
  readonly request: MissionRequest
  readonly answer: MissionAnswer | undefined
  readonly agents: ListedBucket
}> {
  const { request, agents } = await findMission(mission, options)
  const bytes = await agents.get(answerKey(mission), MAX_RECORD_BYTES)
  return { request, answer: bytes && parseAnswer(bytes), agents }
}

/**
 * Marks a mission as cancelled in every region it may go to: it lands nowhere any more. What runs now runs to its next
 * landing or checkpoint.
 *
 * @returns whether it was this call that did
 * @throws UsageError `MISSION_UNKNOWN`
 */
export async function cancelMission(mission: string, options: LookUpOptions): Promise<boolean> {
  const { request } = await findMission(mission, options)
  const marks = request.regions.map(({ region, agentBucket }) =>
    createS3AgentBucket({ client: options.clients.s3(region), bucket: agentBucket }).putIfAbsent(
      cancelledKey(mission),
      new Uint8Array(),
    ),
  )
  return (await Promise.all(marks)).some(Boolean)
}

interface Found {
  readonly request: MissionRequest
  readonly client: string
  readonly agents: ListedBucket
}

/** Looks in every region at once: where a mission's request lies, its relay runs. */
async function findMission(mission: string, { fleet, clients }: LookUpOptions): Promise<Found> {
  if (!/^[\w-]{22}$/.test(mission)) throw unknown(mission, fleet)
  const looked = await Promise.all(
    fleet.regions.map(async ({ region, agentBucket }): Promise<Found[]> => {
      const agents = createS3AgentBucket({ client: clients.s3(region), bucket: agentBucket })
      const request = await readRequest(mission, agents)
      return request === undefined ? [] : [{ request, client: region, agents }]
    }),
  )
  return looked.flat()[0] ?? Promise.reject(unknown(mission, fleet))
}

interface FoundLanding {
  readonly branch: string
  readonly sequence: number
  readonly region: string
  readonly registers: number
  readonly agents: ListedBucket
}

async function landingsIn(region: string, mission: string, agents: ListedBucket): Promise<FoundLanding[]> {
  const prefix = `${missionPrefix(mission)}landings/`
  const registers = new Map<string, number>()
  for (const key of await agents.list(prefix)) {
    const landing = key.slice(prefix.length, key.lastIndexOf('/'))
    registers.set(landing, (registers.get(landing) ?? 0) + 1)
  }
  return [...registers].flatMap(([landing, count]) => {
    const end = landing.lastIndexOf('/')
    const sequence = Number(landing.slice(end + 1))
    return Number.isNaN(sequence) ? [] : [{ branch: landing.slice(0, end), sequence, region, registers: count, agents }]
  })
}

function lastOf(landings: readonly FoundLanding[]): FoundLanding[] {
  const last = new Map<string, FoundLanding>()
  for (const landing of landings)
    if ((last.get(landing.branch)?.sequence ?? -1) < landing.sequence) last.set(landing.branch, landing)
  return [...last.values()].toSorted((a, b) => (a.branch < b.branch ? -1 : 1))
}

async function describe({ registers, agents, ...landing }: FoundLanding, mission: string): Promise<LastLanding> {
  const register = await readRegister({ mission, ...landing }, registers - 1, agents)
  const ended = register?.kind === 'ended'
  return { ...landing, attempts: ended ? registers - 1 : registers, ended, ...untilOf(register) }
}

const untilOf = (register: Register | undefined) => (register?.kind === 'taken' ? { until: register.until } : {})

function stateOf(known: {
  readonly answered: boolean
  readonly cancelled: boolean
  readonly request: MissionRequest
  readonly now: number
}): MissionState {
  if (known.cancelled) return 'cancelled'
  if (known.answered) return 'answered'
  return known.now >= known.request.expiresAt ? 'expired' : 'under way'
}

function unknown(mission: string, fleet: Fleet): UsageError {
  return new UsageError('MISSION_UNKNOWN', `fleet "${fleet.name}" knows no detached mission ${mission}`, {
    remedy: 'use the id that lander run --detach printed, and the fleet file it ran with; traces are kept for 30 days',
  })
}
