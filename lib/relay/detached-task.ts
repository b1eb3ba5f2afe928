/**
 * The relay of a detached mission, in a function: the same relay as in a client. It follows the mission's agents until
 * they have ended, and leaves the answer in its region's agent bucket. When its own time is nearly over it leaves word
 * for the next one and starts it; whoever takes up a mission finds what has been done in the ledgers of the regions, so
 * neither a relay that died nor one that was started twice makes an agent work twice.
 */

import * as v from 'valibot'
import { FORMAT_VERSION, FORMATS, requireDocumentVersion } from '../format-version.ts'
import { type AgentBucket, answerKey, handoverKey } from '../objects/agent-bucket.ts'
import { type Carried, type Handover, MAX_RECORD_BYTES, type MissionAnswer, parseHandover } from './detached-records.ts'
import { bundleOfRequest, type MissionRequest, readRequest } from './detached-request.ts'
import type { FindPlace } from './landing-place.ts'
import type { RegionResult } from './region-result.ts'
import { type Relayed, relay } from './relay.ts'

const RelayEventSchema = v.strictObject({
  lander: v.literal(FORMAT_VERSION),
  relay: v.pipe(v.string(), v.regex(/^[\w-]{22}$/)),
  /** The first relay of a mission is 1, and each that takes over from another has the next number. */
  generation: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
})

/** What starts a relay. Delivered twice, it does no harm. */
export type RelayEvent = v.InferOutput<typeof RelayEventSchema>

/** Reads an event from the network; `undefined` for anything else. @throws RefusedError `VERSION_UNSUPPORTED` */
export function parseRelayEvent(event: unknown): RelayEvent | undefined {
  requireDocumentVersion(event, FORMATS.relayEvent)
  const parsed = v.safeParse(RelayEventSchema, event)
  return parsed.success ? parsed.output : undefined
}

export interface DetachedTaskOptions {
  /** The agent bucket of the region that the relay runs in. */
  readonly agents: AgentBucket
  /** The regions of a mission, as places. */
  readonly placesOf: (request: MissionRequest) => FindPlace
  /** Starts the relay that takes over from this one. */
  readonly startNext: (event: RelayEvent) => Promise<void>
  /** Asks this one to hand over. */
  readonly evict: AbortSignal
  readonly now: () => number
}

/** What a relay came to. */
export type DetachedTaskEnd = 'unknown' | 'answered' | 'handed over'

/** More than a client's: an attempt may be an earlier relay's, and nobody is there to send the agent off again. */
const ATTEMPTS = 8

/** Carries a detached mission on, to its answer or to the next relay. */
export async function runDetachedTask(
  { relay: mission, generation }: RelayEvent,
  options: DetachedTaskOptions,
): Promise<DetachedTaskEnd> {
  const { agents, evict, now, startNext } = options
  const [request, answered] = await Promise.all([
    readRequest(mission, agents),
    agents.get(answerKey(mission), MAX_RECORD_BYTES),
  ])
  if (request === undefined) return 'unknown'
  if (answered !== undefined) return 'answered'
  const former = await readHandover(mission, generation, agents)
  const file = await bundleOfRequest(request, agents)
  const carried = await Promise.all(
    request.starts.map(async (region, index): Promise<Carried> => {
      const before = former?.agents[index]
      return before?.ended ? before : followAgent(region, before, request, file, generation, options)
    }),
  )
  if (evict.aborted && carried.some(({ ended }) => !ended)) {
    await writeOnce(handoverKey(mission, generation + 1), { agents: carried } satisfies Handover, agents)
    await startNext({ lander: FORMAT_VERSION, relay: mission, generation: generation + 1 })
    return 'handed over'
  }
  const regions = carried.map(resultOf)
  const answer: MissionAnswer = { lander: FORMAT_VERSION, mission, regions, endedAt: now(), relays: generation }
  await writeOnce(answerKey(mission), answer, agents)
  return 'answered'
}

async function followAgent(
  region: string,
  before: Carried | undefined,
  { order, input, ...request }: MissionRequest,
  file: Uint8Array,
  generation: number,
  { placesOf, evict }: DetachedTaskOptions,
): Promise<Carried> {
  const start = performance.now()
  const relayed = await relay(region, {
    places: placesOf({ order, input, ...request }),
    file,
    order,
    input,
    signal: evict,
    attempts: ATTEMPTS,
    shared: true,
    takenUp: generation > 1,
    ...(before && { from: before.relayed.nextLanding }),
  })
  const seconds = (performance.now() - start) / 1000
  const ended = relayed.error === undefined || !evict.aborted
  return before === undefined ? { region, seconds, relayed, ended } : join(before, { region, seconds, relayed, ended })
}

/** The way before the handover, and after. */
function join(before: Carried, after: Carried): Carried {
  const { relayed } = after
  return {
    ...after,
    seconds: before.seconds + after.seconds,
    relayed: {
      ...relayed,
      route: [...before.relayed.route, ...relayed.route.filter((step) => !isKnown(step, before.relayed.route))],
      lost: [...before.relayed.lost, ...relayed.lost],
      bytesMoved: before.relayed.bytesMoved + relayed.bytesMoved,
    },
  }
}

/** A landing that ended before a handover in the middle of its copies is found again after it. */
function isKnown({ branch, sequence }: Relayed['route'][number], route: Relayed['route']): boolean {
  return route.some((step) => step.branch === branch && step.sequence === sequence)
}

function resultOf({ region, seconds, relayed: { nextLanding: _, ...relayed } }: Carried): RegionResult {
  return { region, ...relayed, seconds }
}

async function readHandover(mission: string, generation: number, agents: AgentBucket): Promise<Handover | undefined> {
  const bytes = await agents.get(handoverKey(mission, generation), MAX_RECORD_BYTES)
  return bytes && parseHandover(bytes)
}

/** Of two relays of one mission the first one's word stands: both know the same. */
async function writeOnce(key: string, word: unknown, agents: AgentBucket): Promise<void> {
  await agents.putIfAbsent(key, Buffer.from(JSON.stringify(word)))
}
