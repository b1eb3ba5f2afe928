/**
 * An agent's visit to this place: it is taken in, works, is settled. With checkpoints it is settled part by part, each
 * part a landing of its own, and goes on where it is; if the place dies, the next attempt begins with the last of them.
 */
import { InternalError, RefusedError } from '../errors.ts'
import type { JobResult } from '../sandbox/contract/job.ts'
import type { Outcome } from '../sandbox/contract/outcome.ts'
import { randomId, systemRandom } from '../trust/keys.ts'
import { openMessages, type SignedMessages } from '../trust/messages.ts'
import { receiptDigest, signReceipt } from '../trust/receipt.ts'
import type { VerifiedBundle } from '../trust/verified-bundle.ts'
import { type Arrived, openArrival } from './arrival.ts'
import { mayGo } from './boundary-codec.ts'
import { type BranchProgress, firstProgress } from './branch-progress.ts'
import { partSince } from './checkpoint-share.ts'
import { sealAnswer, sealDeparture, spentAfter } from './departure.ts'
import type { HostOptions } from './host-options.ts'
import type { Invocation } from './invocation.ts'
import type { LandingReply, LandingResult, SealedDeparture, SealedState } from './landing-result.ts'
import { type Attempt, claimLanding, endLanding, type LandingName } from './ledger.ts'
import { draftReceipt, type ReceiptKey } from './receipts.ts'
import { openRecord, sealRecord } from './sealed-record.ts'

type Step = LandingResult<Outcome | SealedDeparture>

export interface LandingSessionOptions {
  readonly invocation: Invocation
  readonly bundle: VerifiedBundle
  readonly receiptKey: ReceiptKey | undefined
  readonly place: HostOptions
  /** When the function that hosts the visit is over for certain: milliseconds since 1970. */
  readonly until: number
  /** Messages that need no signature. */
  readonly messages?: SignedMessages | undefined
  /** Where an agent that was asked to leave in the middle goes on. */
  readonly moveTo?: (() => string | undefined) | undefined
}

/** An agent that has been let in. */
export interface Claimed {
  /** Absent when it starts here. */
  readonly arrived: Arrived | undefined
  readonly messages: SignedMessages | undefined
}

export class LandingSession {
  readonly #options: LandingSessionOptions
  readonly #entry: NonNullable<Invocation['entry']>
  readonly #token = randomId(systemRandom)
  readonly #earlier: Step[] = []
  /** Where the sender wants the agent to go on. */
  #sentTo: string | undefined
  #attempt: Attempt
  #branchProgress: BranchProgress
  #startedAt: number
  /** The run as it was at the last checkpoint. */
  #before: JobResult | undefined
  /** The last checkpoint: rejected, it keeps the agent from going on. */
  #kept: Promise<void> = Promise.resolve()

  constructor(options: LandingSessionOptions) {
    const { invocation, place, until } = options
    const { number = 1, after } = invocation.attempt ?? {}
    this.#options = options
    this.#entry = invocation.entry ?? 'run'
    this.#attempt = { number, token: this.#token, until, afterDeath: after === 'death' }
    this.#branchProgress = firstProgress(place.region)
    this.#startedAt = place.now()
  }

  /**
   * Opens what arrives and takes the landing, so that neither an order nor a box is used twice. Where an earlier attempt
   * got as far as a checkpoint, it is the landing after that one which is taken.
   *
   * @returns what the agent lands with, or how an earlier attempt has ended
   */
  async claim(): Promise<Claimed | { readonly reply: LandingReply }> {
    const { invocation, place } = this.#options
    if (invocation.attempt !== undefined && place.secret === undefined)
      throw new RefusedError('REQUEST_MALFORMED', `${place.region} keeps no account of attempts`)
    let arrived = this.#entry === 'resume' ? await this.#open(invocation) : undefined
    this.#branchProgress = arrived?.branchProgress ?? this.#branchProgress
    const messages = await this.#messages()
    for (;;) {
      this.#branchProgress = arrived?.branchProgress ?? this.#branchProgress
      const ended = await claimLanding(this.#landing, this.#attempt, place)
      if (ended === undefined) {
        this.#startedAt = place.now()
        // An earlier attempt had them: they came with the state it was frozen to.
        return { arrived, messages: messages && this.#earlier.length > 0 ? { ...messages, messages: [] } : messages }
      }
      const landingResult = await openRecord(ended.record, {
        ...this.#recorder(),
        branchProgress: this.#branchProgress,
      })
      const checkpoint = checkpointOf(landingResult)
      if (checkpoint === undefined) return { reply: this.#reply(landingResult) }
      this.#earlier.push(landingResult)
      arrived = await this.#open({ ...invocation, state: checkpoint.ref, answers: [] })
    }
  }

  /** Keeps what the agent is frozen to, and has it go on as the next landing. Rejects when it must not. */
  readonly checkpoint = (soFar: JobResult): Promise<void> => {
    this.#kept = this.#keep(soFar)
    return this.#kept
  }

  async #keep(soFar: JobResult): Promise<void> {
    const { place } = this.#options
    const part = partSince(this.#before, soFar)
    const { landingResult, receipt } = await this.#end(part, { goesOn: true })
    const { branch, sequence, spent, origin } = this.#branchProgress
    const used = spentAfter(spent, part.usage, 0)
    this.#earlier.push(landingResult)
    this.#branchProgress = {
      branch,
      sequence: sequence + 1,
      spent: used,
      receipt,
      ...(origin !== undefined && { origin }),
    }
    this.#attempt = { ...this.#attempt, number: 1 }
    this.#before = soFar
    this.#startedAt = place.now()
    await claimLanding(this.#landing, this.#attempt, place)
  }

  /** Signs what happened, seals what is not to be seen on its way, and ends the landing. */
  async finish(result: JobResult): Promise<LandingReply> {
    // The run may have been ended while a checkpoint was being kept.
    await this.#kept
    return this.#reply((await this.#end(partSince(this.#before, result))).landingResult)
  }

  async #end(result: JobResult, { goesOn = false } = {}): Promise<{ landingResult: Step; receipt: string | null }> {
    const { bundle, receiptKey, place } = this.#options
    const { fleet, region, now, secret, agents } = place
    const landed = {
      bundle,
      entry: this.#earlier.length > 0 ? ('resume' as const) : this.#entry,
      branchProgress: this.#branchProgress,
    }
    const draft = draftReceipt({ ...landed, result, startedAt: this.#startedAt, fleet, region, endedAt: now() })
    const receipt = receiptKey && signReceipt(draft, receiptKey)
    // A place that signs none hands on what the last one signed.
    const digest = receipt ? receiptDigest(receipt) : this.#branchProgress.receipt
    const concluded = await this.#conclude(result, digest)
    const outcome = goesOn ? markCheckpoint(concluded) : concluded
    const { usage, logs, sent, reads } = result
    const { mission } = bundle.order
    const bare = {
      mission,
      place: region,
      manifest: bundle.manifestDigest,
      outcome,
      usage,
      logs,
      ...(sent && { sent }),
      reads,
    }
    const landingResult: Step = receipt === undefined ? bare : { ...bare, receipt }
    // What lives and dies with its sender is not tried again.
    if (secret !== undefined && this.#entry !== 'merge' && !place.isClientPlace) {
      const record = await sealRecord(landingResult, { ...this.#recorder(), branchProgress: this.#branchProgress })
      await endLanding(this.#landing, this.#attempt, record, agents)
    }
    return { landingResult, receipt: digest }
  }

  /** An agent on its way, and a copy's answer, leave in boxes; any other outcome is the caller's to read. */
  async #conclude(result: JobResult, receipt: string | null): Promise<Outcome | SealedDeparture> {
    const { bundle, place } = this.#options
    const { fleet, region, engine, agents, secret, codec } = place
    const { outcome } = result
    const branchProgress = this.#branchProgress
    if (outcome.kind !== 'departed' && branchProgress.origin === undefined) return outcome
    if (secret === undefined) throw new InternalError(`${region} can not seal what leaves it`)
    const sealing = { secret: await secret.current(), codec }
    const sender = {
      bundle,
      branchProgress,
      receipt,
      result,
      ...sealing,
      moveTo: this.#moveTo,
      fleet,
      region,
      engine,
      agents,
    }
    if (outcome.kind !== 'departed') return sealAnswer(branchProgress.origin!, sender)
    try {
      return await sealDeparture(outcome, sender)
    } finally {
      outcome.state.fill(0)
    }
  }

  /** What came with this landing; `undefined` when nobody writes to this agent. */
  async #messages(): Promise<SignedMessages | undefined> {
    const { invocation, bundle, place, messages: own } = this.#options
    if (invocation.messages === undefined) return own
    const { order, sender } = bundle
    const { branch, sequence } = this.#branchProgress
    const keyring = await place.policy.current()
    const landing = { mission: order.mission, branch, sequence }
    const messages = openMessages(invocation.messages, { keyring, sender, landing, now: place.now() })
    this.#sentTo = messages.moveTo
    return messages
  }

  /** A place it may not go to is passed over: better that the agent stays than that it is lost. */
  readonly #moveTo = (): string | undefined => {
    const { bundle, place, moveTo } = this.#options
    const to = moveTo?.() ?? this.#sentTo
    return to !== undefined && mayGo(bundle, place, to) ? to : undefined
  }

  #open(invocation: Pick<Invocation, 'state' | 'answers'>): Promise<Arrived> {
    return openArrival(invocation, this.#recorder())
  }

  /** This place, as whoever opens and seals needs to know it. */
  #recorder() {
    const { bundle, place } = this.#options
    const { secret, region } = place
    if (secret === undefined) throw new RefusedError('WRONG_REGION', `${region} takes no agents that are on their way`)
    return { ...place, bundle, secret }
  }

  get #landing(): LandingName {
    const { branch, sequence } = this.#branchProgress
    const { mission } = this.#options.bundle.order
    return { mission, branch, sequence: this.#entry === 'merge' ? 'merge' : sequence }
  }

  #reply(landingResult: Step): LandingReply {
    return this.#earlier.length === 0 ? { landingResult } : { landingResult, earlier: this.#earlier }
  }
}

/** An agent that goes on by itself where it is: nobody is to land it, unless its place has died. */
function markCheckpoint(outcome: Outcome | SealedDeparture): Outcome | SealedDeparture {
  if (outcome.kind !== 'departed' || !('agent' in outcome)) throw new InternalError('a checkpoint is a departure')
  return { ...outcome, agent: { ...outcome.agent, goesOn: true } }
}

function checkpointOf({ outcome }: Step): SealedState | undefined {
  return outcome.kind === 'departed' && 'agent' in outcome && outcome.agent.goesOn ? outcome.agent : undefined
}
