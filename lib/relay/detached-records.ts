/** What relays write down: for the next relay, and at the end for whoever asks. */

import * as v from 'valibot'
import { parseJson } from '../encoding/json.ts'
import { UnreachableError } from '../errors.ts'
import { FORMAT_VERSION, FORMATS, requireDocumentVersion } from '../format-version.ts'
import { LANDING_RESULT, USAGE, WIRE_ERROR } from '../host/landing-result.ts'
import type { RegionResult } from './region-result.ts'
import type { Relayed } from './relay.ts'

/** What a detached mission came to, as it lies in the agent bucket. */
export interface MissionAnswer {
  readonly lander: typeof FORMAT_VERSION
  readonly mission: string
  readonly regions: readonly RegionResult[]
  /** Milliseconds since 1970. */
  readonly endedAt: number
  /** Relays that carried it, one after the other. */
  readonly relays: number
}

/** An agent that has ended, or where it stands. */
export interface Carried {
  readonly region: string
  readonly seconds: number
  readonly relayed: Relayed
  readonly ended: boolean
}

/** Word for the next relay: what has ended, and where the rest stands. */
export interface Handover {
  readonly agents: readonly Carried[]
}

/** Routes with logs and receipts of all landings. */
export const MAX_RECORD_BYTES = 256 * 1024 * 1024

const lost = v.object({
  place: v.string(),
  branch: v.string(),
  sequence: v.number(),
  attempt: v.number(),
  code: v.string(),
})
const step = v.looseObject({
  place: v.string(),
  branch: v.string(),
  sequence: v.number(),
  landingResult: v.looseObject({
    place: v.string(),
    outcome: v.looseObject({ kind: v.string() }),
    usage: USAGE,
    logs: v.array(v.string()),
  }),
})
const relayed = v.object({
  landingResult: v.optional(LANDING_RESULT),
  error: v.optional(WIRE_ERROR),
  route: v.array(step),
  lost: v.array(lost),
  bytesMoved: v.number(),
})

const answer = v.object({
  lander: v.literal(FORMAT_VERSION),
  mission: v.string(),
  regions: v.pipe(v.array(v.object({ region: v.string(), seconds: v.number(), ...relayed.entries })), v.minLength(1)),
  endedAt: v.number(),
  relays: v.number(),
})

const nextLanding = v.looseObject({
  place: v.string(),
  branch: v.string(),
  sequence: v.number(),
  call: v.looseObject({}),
})
const handover = v.object({
  agents: v.array(
    v.object({
      region: v.string(),
      seconds: v.number(),
      relayed: v.object({ ...relayed.entries, nextLanding }),
      ended: v.boolean(),
    }),
  ),
})

/** @throws UnreachableError `REPLY_MALFORMED` */
export const parseAnswer = (bytes: Uint8Array): MissionAnswer => parse(answer, bytes) as unknown as MissionAnswer

/** @throws UnreachableError `REPLY_MALFORMED` */
export const parseHandover = (bytes: Uint8Array): Handover => parse(handover, bytes) as unknown as Handover

function parse<Schema extends v.GenericSchema>(schema: Schema, bytes: Uint8Array): v.InferOutput<Schema> {
  const json = parseJson(bytes)
  requireDocumentVersion(json, FORMATS.missionAnswer)
  const parsed = v.safeParse(schema, json)
  if (parsed.success) return parsed.output
  throw new UnreachableError('REPLY_MALFORMED', 'what a relay wrote down is not as this version of Lander expects', {
    remedy: 'use a client of the same version as the fleet',
  })
}
