/**
 * The ledger of landings. An agent's landing may be tried again when its place dies, and must come to one end all the
 * same. So each landing has a row of registers in the region's agent bucket, and each register is written once, by a
 * conditional put:
 *
 *     register 0          who took attempt 1
 *     register n, n ≥ 1   how attempt n ended, or who took attempt n + 1 in its place
 *
 * An attempt that is taken has every register before it, in order, and found no end in any. An attempt ends by writing
 * its own register, which fails if the next attempt has it. Hence at most one attempt of a landing ends, whatever was
 * presumed dead: the argument is in docs/mobility.md.
 */
import * as v from 'valibot'
import { digestOf } from '../encoding/digest.ts'
import { parseJson } from '../encoding/json.ts'
import { RefusedError } from '../errors.ts'
import { type AgentBucket, cancelledKey, landingKey } from '../objects/agent-bucket.ts'
import { MAX_ATTEMPTS } from './invocation.ts'
import { type StateRef, stateRef } from './state-ref.ts'

/** A landing of an agent, or of a copy of it. */
export interface LandingName {
  readonly mission: string
  readonly branch: string
  /** Number of the landing in its branch. */
  readonly sequence: number | 'merge'
}

/** One attempt at a landing. */
export interface Attempt {
  /** From 1. */
  readonly number: number
  /** Random: tells this attempt's own writes from those of others that have the same number. */
  readonly token: string
  /** When the function that carries it out is over for certain: milliseconds since 1970. */
  readonly until: number
  /** Whether the attempt before has died for certain. If not, it keeps the landing until its function is over. */
  readonly afterDeath: boolean
}

/** What a register holds. */
export type Register = v.InferOutput<typeof register>

const token = v.pipe(v.string(), v.maxLength(64))
const register = v.variant('kind', [
  v.strictObject({
    kind: v.literal('taken'),
    attempt: v.pipe(v.number(), v.safeInteger(), v.minValue(1), v.maxValue(MAX_ATTEMPTS)),
    token,
    until: v.pipe(v.number(), v.safeInteger()),
  }),
  v.strictObject({ kind: v.literal('ended'), token, record: stateRef }),
])

/** A sealed box of the largest kind that stands in a register itself, as JSON. */
export const MAX_REGISTER_BYTES = 512 * 1024

/** What an earlier attempt at a landing has come to. */
export interface Ended {
  readonly record: StateRef
}

/**
 * Takes a landing for one attempt, so that no order starts twice in one region, no box is opened twice, and no earlier
 * attempt can end any more. A landing that has ended stays so.
 *
 * @returns how the landing has ended, if it has
 * @throws RefusedError `REPLAYED` when somebody else has this attempt, `LANDING_BUSY` while the one before may be
 *   alive, `CANCELLED`
 */
export async function claimLanding(
  landing: LandingName,
  attempt: Attempt,
  { agents, now }: { readonly agents: AgentBucket; readonly now: () => number },
): Promise<Ended | undefined> {
  const [ended] = await Promise.all([takeRegisters(landing, attempt, agents, now), requireWanted(landing, agents)])
  return ended
}

async function takeRegisters(
  landing: LandingName,
  { number: attempt, token, until, afterDeath }: Attempt,
  agents: AgentBucket,
  now: () => number,
): Promise<Ended | undefined> {
  const claim: Register = { kind: 'taken', attempt, token, until }
  let alive = false
  for (let index = 0; index < attempt; index++) {
    const found: Register | undefined = alive
      ? await readRegister(landing, index, agents)
      : await write(landing, index, claim, agents)
    if (found === undefined) throw busy(landing)
    if (found.token === token) continue
    if (found.kind === 'ended') return found
    if (index === attempt - 1) throw replayed(landing)
    alive = !afterDeath && now() < found.until
  }
  return undefined
}

/**
 * Ends an attempt, for good: `record` is how.
 *
 * @throws RefusedError `SUPERSEDED` when another attempt was taken in its place
 */
export async function endLanding(
  landing: LandingName,
  { number, token }: Pick<Attempt, 'number' | 'token'>,
  record: StateRef,
  agents: AgentBucket,
): Promise<void> {
  const found = await write(landing, number, { kind: 'ended', token, record }, agents)
  if (found.token !== token) throw new RefusedError('SUPERSEDED', 'another attempt has taken this landing meanwhile')
}

/** Reads a register; `undefined` when nothing has been written. */
export async function readRegister(
  landing: LandingName,
  index: number,
  agents: Pick<AgentBucket, 'get'>,
): Promise<Register | undefined> {
  const bytes = await agents.get(keyOf(landing, index), MAX_REGISTER_BYTES)
  return bytes === undefined ? undefined : parseRegister(bytes)
}

/**
 * Writes a register unless it has been written. Also a write that is told to have failed may be this very one, sent
 * twice by a client that lost the first answer: the token tells.
 *
 * @returns what is in the register now
 */
async function write(landing: LandingName, index: number, value: Register, agents: AgentBucket): Promise<Register> {
  const bytes = Buffer.from(JSON.stringify(value))
  if (await agents.putIfAbsent(keyOf(landing, index), bytes)) return value
  return (await readRegister(landing, index, agents)) ?? fail(landing)
}

async function requireWanted({ mission }: LandingName, agents: AgentBucket): Promise<void> {
  const mark = await agents.get(cancelledKey(mission), MAX_REGISTER_BYTES)
  if (mark !== undefined) throw new RefusedError('CANCELLED', `mission ${mission} has been cancelled`)
}

/** The name of a landing in keys: `eu-west-1/0.2/3` is landing 3 of the third copy sent from landing 0. */
export function nameOf({ branch, sequence }: Pick<LandingName, 'branch' | 'sequence'>): string {
  return `${branch}/${sequence}`
}

const keyOf = (landing: LandingName, index: number) => landingKey(landing.mission, nameOf(landing), index)

function parseRegister(bytes: Uint8Array): Register {
  const parsed = v.safeParse(register, parseJson(bytes))
  // Whoever spoils a register keeps the landing from being made, as whoever takes it does; nobody gains by it.
  return parsed.success ? parsed.output : { kind: 'taken', attempt: 1, token: digestOf(bytes), until: 0 }
}

function replayed({ mission }: LandingName): RefusedError {
  return new RefusedError('REPLAYED', `mission ${mission} has landed here before`, {
    remedy: 'sign a new order: lander run does',
  })
}

function busy({ mission }: LandingName): RefusedError {
  return new RefusedError('LANDING_BUSY', `an agent of mission ${mission} may be at work here still`, {
    remedy: 'ask again: when its function is over, or has answered, the mission goes on',
  })
}

function fail(landing: LandingName): never {
  throw new RefusedError('REPLAYED', `the register of landing ${nameOf(landing)} can not be read`)
}
