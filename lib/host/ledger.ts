/**
 * The ledger of landings. A landing is retried when its place dies, but it must end only once. Each landing therefore
 * has a list of registers in the region's agent bucket. Each register is written once, by a conditional write:
 *
 *     register 0          who claimed attempt 1
 *     register n, n ≥ 1   how attempt n ended, or who claimed attempt n + 1 instead
 *
 * To claim an attempt, a function writes or reads every earlier register in order and finds no end. To end an attempt,
 * it writes the attempt's own register, which fails if the next attempt has been claimed. So at most one attempt ends,
 * even if a place that seemed dead is alive: docs/mobility.md has the proof.
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
  /** The number of the landing in its branch. */
  readonly sequence: number | 'merge'
}

/** One attempt at a landing. */
export interface Attempt {
  /** From 1. */
  readonly number: number
  /** Random. Distinguishes this attempt's writes from those of another function with the same number. */
  readonly token: string
  /** When the function that runs it must have ended: milliseconds since 1970. */
  readonly until: number
  /**
   * Whether the previous attempt is known to be dead. Otherwise it keeps the landing until its function must have
   * ended.
   */
  readonly afterDeath: boolean
}

/** The content of a register. */
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

/** The largest register: a sealed state of the largest inline size, as JSON. */
export const MAX_REGISTER_BYTES = 512 * 1024

/** A landing that has ended. */
export interface Ended {
  readonly record: StateRef
}

/**
 * Claims a landing for one attempt. Afterwards no order can start twice in this region, no state can be opened twice,
 * and no earlier attempt can end.
 *
 * @returns how the landing ended, if it has
 * @throws RefusedError `REPLAYED` if another function has claimed this attempt, `LANDING_BUSY` while the previous
 *   attempt may be alive, `CANCELLED`
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
 * Ends an attempt. `record` contains the sealed result.
 *
 * @throws RefusedError `SUPERSEDED` if the next attempt has been claimed
 */
export async function endLanding(
  landing: LandingName,
  { number, token }: Pick<Attempt, 'number' | 'token'>,
  record: StateRef,
  agents: AgentBucket,
): Promise<void> {
  const found = await write(landing, number, { kind: 'ended', token, record }, agents)
  if (found.token !== token) throw new RefusedError('SUPERSEDED', 'another attempt has claimed this landing')
}

/** Reads a register; `undefined` if it has not been written. */
export async function readRegister(
  landing: LandingName,
  index: number,
  agents: Pick<AgentBucket, 'get'>,
): Promise<Register | undefined> {
  const bytes = await agents.get(keyOf(landing, index), MAX_REGISTER_BYTES)
  return bytes === undefined ? undefined : parseRegister(bytes)
}

/**
 * Writes a register unless it has been written. A conflict may be our own earlier write, retried after a lost response;
 * the token distinguishes the two.
 *
 * @returns the content of the register
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

/** The name of a landing in keys: `eu-west-1/0.2/3` is landing 3 of the third copy that landing 0 sent. */
export function nameOf({ branch, sequence }: Pick<LandingName, 'branch' | 'sequence'>): string {
  return `${branch}/${sequence}`
}

const keyOf = (landing: LandingName, index: number) => landingKey(landing.mission, nameOf(landing), index)

function parseRegister(bytes: Uint8Array): Register {
  const parsed = v.safeParse(register, parseJson(bytes))
  // A corrupt register blocks the landing like a claimed one, so writing one gains an attacker nothing.
  return parsed.success ? parsed.output : { kind: 'taken', attempt: 1, token: digestOf(bytes), until: 0 }
}

function replayed({ mission }: LandingName): RefusedError {
  return new RefusedError('REPLAYED', `mission ${mission} has already landed here`, {
    remedy: 'sign a new order: lander run does',
  })
}

function busy({ mission }: LandingName): RefusedError {
  return new RefusedError('LANDING_BUSY', `an agent of mission ${mission} may still be running here`, {
    remedy: 'retry later: the mission continues when its function has ended or answered',
  })
}

function fail(landing: LandingName): never {
  throw new RefusedError('REPLAYED', `the register of landing ${nameOf(landing)} can not be read`)
}
