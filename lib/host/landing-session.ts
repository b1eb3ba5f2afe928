/**
 * The session of an agent in this place: claim the landing, run, finish. Each checkpoint finishes one landing and
 * claims the next, while the agent stays where it is. If the place dies, the next attempt resumes from the last
 * checkpoint.
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

type EndedLanding = LandingResult<Outcome | SealedDeparture>

export interface LandingSessionOptions {
  readonly invocation: Invocation
  readonly bundle: VerifiedBundle
  readonly receiptKey: ReceiptKey | undefined
  readonly place: HostOptions
  /** When the function that hosts the session must have ended: milliseconds since 1970. */
  readonly until: number
  /** Messages from this process, which need no signature. */
  readonly messages?: SignedMessages | undefined
  /** Where an evicted agent continues. */
  readonly moveTo?: (() => string | undefined) | undefined
}

/** A landing that this attempt has claimed. */
export interface Claimed {
  /** The state that the agent resumes from. Absent when it starts here. */
  readonly arrived: Arrived | undefined
  readonly messages: SignedMessages | undefined
}

export class LandingSession {
  readonly #options: LandingSessionOptions
  readonly #entry: NonNullable<Invocation['entry']>
  readonly #token = randomId(systemRandom)
  readonly #earlier: EndedLanding[] = []
  /** Where the sender's messages move the agent. */
  #moveToOfMessages: string | undefined
  #attempt: Attempt
  #branchProgress: BranchProgress
  #startedAt: number
  /** What the sandbox reported at the last checkpoint. */
  #before: JobResult | undefined
  /** Saves the last checkpoint. If it rejects, the agent must not continue. */
  #saving: Promise<void> = Promise.resolve()

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
   * Opens the arriving state and claims the landing, so that no order and no state is used twice. If an earlier attempt
   * made a checkpoint, this attempt claims the landing after it and resumes from there.
   *
   * @returns what the agent lands with, or the reply of an earlier attempt that has finished
   */
  async claim(): Promise<Claimed | { readonly reply: LandingReply }> {
    const { invocation, place } = this.#options
    if (invocation.attempt !== undefined && place.secret === undefined)
      throw new RefusedError('REQUEST_MALFORMED', `${place.region} has no ledger of attempts`)
    let arrived = this.#entry === 'resume' ? await this.#open(invocation) : undefined
    this.#branchProgress = arrived?.branchProgress ?? this.#branchProgress
    const messages = await this.#messages()
    for (;;) {
      this.#branchProgress = arrived?.branchProgress ?? this.#branchProgress
      const ended = await claimLanding(this.#landing, this.#attempt, place)
      if (ended === undefined) {
        this.#startedAt = place.now()
        // The checkpoint of the earlier attempt already contains its messages.
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

  /** Saves a checkpoint and claims the next landing for the agent. Rejects if the agent must not continue. */
  readonly checkpoint = (soFar: JobResult): Promise<void> => {
    this.#saving = this.#keep(soFar)
    return this.#saving
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

  /** Signs the receipt, seals states and answers, and ends the landing in the ledger. */
  async finish(result: JobResult): Promise<LandingReply> {
    // The run may have ended while a checkpoint was being saved.
    await this.#saving
    return this.#reply((await this.#end(partSince(this.#before, result))).landingResult)
  }

  async #end(
    result: JobResult,
    { goesOn = false } = {},
  ): Promise<{ landingResult: EndedLanding; receipt: string | null }> {
    const { bundle, receiptKey, place } = this.#options
    const { fleet, region, now, secret, agents } = place
    const landed = {
      bundle,
      entry: this.#earlier.length > 0 ? ('resume' as const) : this.#entry,
      branchProgress: this.#branchProgress,
    }
    const draft = draftReceipt({ ...landed, result, startedAt: this.#startedAt, fleet, region, endedAt: now() })
    const receipt = receiptKey && signReceipt(draft, receiptKey)
    // A place without receipts passes on the digest of the last receipt.
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
    const landingResult: EndedLanding = receipt === undefined ? bare : { ...bare, receipt }
    // A client place ends with the sender's process, so its landings are never retried.
    if (secret !== undefined && this.#entry !== 'merge' && !place.isClientPlace) {
      const record = await sealRecord(landingResult, { ...this.#recorder(), branchProgress: this.#branchProgress })
      await endLanding(this.#landing, this.#attempt, record, agents)
    }
    return { landingResult, receipt: digest }
  }

  /** Seals a departing agent and the answer of a copy. The caller may read every other outcome. */
  async #conclude(result: JobResult, receipt: string | null): Promise<Outcome | SealedDeparture> {
    const { bundle, place } = this.#options
    const { fleet, region, engine, agents, secret, codec } = place
    const { outcome } = result
    const branchProgress = this.#branchProgress
    if (outcome.kind !== 'departed' && branchProgress.origin === undefined) return outcome
    if (secret === undefined) throw new InternalError(`${region} can not seal states`)
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

  /** The messages of this landing; `undefined` if nobody sends messages to this agent. */
  async #messages(): Promise<SignedMessages | undefined> {
    const { invocation, bundle, place, messages: unsigned } = this.#options
    if (invocation.messages === undefined) return unsigned
    const { order, sender } = bundle
    const { branch, sequence } = this.#branchProgress
    const keyring = await place.policy.current()
    const landing = { mission: order.mission, branch, sequence }
    const messages = openMessages(invocation.messages, { keyring, sender, landing, now: place.now() })
    this.#moveToOfMessages = messages.moveTo
    return messages
  }

  /** Ignores a place that the agent may not move to: the agent stays, instead of being lost. */
  readonly #moveTo = (): string | undefined => {
    const { bundle, place, moveTo } = this.#options
    const to = moveTo?.() ?? this.#moveToOfMessages
    return to !== undefined && mayGo(bundle, place, to) ? to : undefined
  }

  #open(invocation: Pick<Invocation, 'state' | 'answers'>): Promise<Arrived> {
    return openArrival(invocation, this.#recorder())
  }

  /** What opening and sealing in this place needs. */
  #recorder() {
    const { bundle, place } = this.#options
    const { secret, region } = place
    if (secret === undefined)
      throw new RefusedError('WRONG_REGION', `${region} can not resume agents from other places`)
    return { ...place, bundle, secret }
  }

  get #landing(): LandingName {
    const { branch, sequence } = this.#branchProgress
    const { mission } = this.#options.bundle.order
    return { mission, branch, sequence: this.#entry === 'merge' ? 'merge' : sequence }
  }

  #reply(landingResult: EndedLanding): LandingReply {
    return this.#earlier.length === 0 ? { landingResult } : { landingResult, earlier: this.#earlier }
  }
}

/** Marks a departure as a checkpoint: the agent continues by itself, and only a retry lands this state. */
function markCheckpoint(outcome: Outcome | SealedDeparture): Outcome | SealedDeparture {
  if (outcome.kind !== 'departed' || !('agent' in outcome)) throw new InternalError('a checkpoint is a departure')
  return { ...outcome, agent: { ...outcome.agent, goesOn: true } }
}

function checkpointOf({ outcome }: EndedLanding): SealedState | undefined {
  return outcome.kind === 'departed' && 'agent' in outcome && outcome.agent.goesOn ? outcome.agent : undefined
}
