import { createHash } from 'node:crypto'
import type { Json } from '../../encoding/json.ts'
import { KernelError, ObjectError } from '../../errors.ts'
import { MAX_SOURCE_BYTES } from '../../kernels/language.ts'
import { type Limits, NOTHING_SPENT, PAGE_BYTES, remaining } from '../../limits.ts'
import type { Arrival, Job, JobResult, SentMessage } from '../contract/job.ts'
import {
  type Departure,
  type Destination,
  destinationsOf,
  type Outcome,
  type StopReason,
  type Usage,
} from '../contract/outcome.ts'
import type { Resume } from '../contract/resume.ts'
import { stoppedBy } from '../contract/stops.ts'
import type { Executor } from '../wire/executor.ts'
import { failureBytes, parseFailure, textBytes } from '../wire/failure.ts'
import type { Frame } from '../wire/frames.ts'
import {
  CHUNK_BYTES,
  type EndMessage,
  FILED_CHUNK_BYTES,
  type FromExecutor,
  MAX_KERNEL_REQUESTS,
  MAX_STREAMS,
  parseFromExecutor,
} from '../wire/protocol.ts'
import { ProgressReporter } from './progress.ts'
import { type Chunk, Streams } from './streams.ts'

/** The result of a run, and the condition of its executor. */
export interface RunReport {
  readonly result: JobResult
  /** Whether the executor may take another run. */
  readonly healthy: boolean
  /** Whether the agent started. If not, the executor was already dead, and another one may be tried. */
  readonly started: boolean
}

type OpenMessage = Extract<FromExecutor, { type: 'open' }>
type KernelRequest = Extract<FromExecutor, { type: 'kernel' | 'compile' }>

/** How long an executor may take to start a run. Starting one and compiling the engine takes a tenth of a second. */
const START_MS = 20_000
/** How long after the deadline the executor may end the run by itself. Then it is killed. */
const GRACE_MS = 250

/**
 * One run, on the trusted side of the wall. It answers the agent's requests, counts what the agent uses, and ends the
 * run when a limit is hit. A malformed or unexpected message kills the executor.
 */
export class Run {
  readonly #job: Job
  readonly #executor: Executor
  readonly #number: number
  readonly #streams: Streams
  readonly #progress: ProgressReporter
  readonly #abort = new AbortController()
  /** What remains of the limits for this landing. */
  readonly #limits: Limits
  #startedAt = performance.now()
  readonly #logs: string[] = []
  readonly #settled: Promise<RunReport>
  #resolve: (report: RunReport) => void = () => {}
  #deadline: NodeJS.Timeout | undefined
  #started = false
  #ended = false
  /** Set while a checkpoint is being saved. */
  #saving: Promise<void> | undefined
  #kernelRequests = 0
  #hostCalls = 0
  #logBytes = 0
  readonly #sent: SentMessage[] = []
  #sentBytes = 0
  #resultBytes = 0
  #memoryPages = 0
  #objects = 0

  constructor(job: Job, executor: Executor, number: number) {
    this.#job = job
    this.#executor = executor
    this.#number = number
    this.#limits = remaining(job.bundle.limits, job.arrival?.spent ?? NOTHING_SPENT)
    this.#streams = new Streams({ store: job.store, scopes: job.scopes, signal: this.#abort.signal })
    this.#progress = new ProgressReporter(job.onProgress)
    this.#settled = new Promise((resolve) => {
      this.#resolve = resolve
    })
  }

  /** Starts the job; resolves when the run has ended, in whatever way. */
  report(): Promise<RunReport> {
    const { signal, evict } = this.#job
    const { resultBytes, logBytes, errorBytes, stateBytes } = this.#limits
    const longest = Math.max(resultBytes, logBytes, failureBytes(errorBytes), stateBytes, MAX_SOURCE_BYTES)
    this.#executor.listen({ onFrame: (frame) => this.#onFrame(frame), onLost: () => this.#onLost() }, longest)
    this.#deadline = setTimeout(() => this.#finish(BROKEN, false), START_MS)
    signal?.addEventListener('abort', this.#onAbort)
    evict?.addEventListener('abort', this.#onEvict)
    if (signal?.aborted) this.#finish(stoppedBy('cancelled', this.#limits), true)
    else this.#send()
    if (evict?.aborted) this.#onEvict()
    return this.#settled
  }

  readonly #onAbort = () => this.#stop('cancelled')

  readonly #onEvict = () => this.#executor.send({ type: 'evict', run: this.#number })

  #send(): void {
    const { bundle, entry, context, now, input, messages, arrival } = this.#job
    const main = Buffer.from(bundle.main)
    const seed = seedFor(context.mission, context.region)
    const { compiles, entries } = bundle.manifest
    const run = this.#number
    const { mission, fleet, region, regions, clientPlaces } = context
    this.#executor.send(
      {
        type: 'run',
        run,
        entry,
        context: { mission, fleet, region, regions, ...(clientPlaces && { clientPlaces }) },
        now,
        seed,
        compiles,
        kernels: entries.some(({ role }) => role !== 'main'),
        limits: this.#limits,
        mainBytes: main.length,
        ...(messages && { messages }),
        ...(arrival && { resume: resumeOf(arrival) }),
      },
      main,
      arrival?.state ?? Buffer.from(input),
    )
  }

  #onFrame(frame: Frame): void {
    if (this.#ended) return
    try {
      const message = parseFromExecutor(frame.header)
      if (message.run !== this.#number) throw new Error('out of turn')
      this.#on(message, frame.body)
    } catch {
      this.#finish(BROKEN, false)
    }
  }

  #on(message: FromExecutor, body: Uint8Array): void {
    if (message.type === 'started') this.#onStarted()
    else if (message.type === 'end') this.#onEnd(message, body)
    else if (message.type === 'close') this.#streams.close(message.stream)
    else if (message.type === 'memory') this.#progress.memory(message.pages * PAGE_BYTES)
    else if (++this.#hostCalls > this.#limits.hostCalls) this.#stop('hostCalls')
    else if (message.type === 'open') this.#onOpen(message)
    else if (message.type === 'pull') this.#onPull(message)
    else if (message.type === 'log') this.#onLog(body)
    else if (message.type === 'send') this.#onSend(message.to, body)
    else if (message.type === 'kernel' || message.type === 'compile') this.#onKernel(message, body)
    else if (message.type === 'checkpoint') this.#onCheckpoint(message.memoryPages, body)
    else this.#progress.fraction(message.fraction)
  }

  /** Starts the clock with the agent, so that waiting for a new executor does not count towards its limit. */
  #onStarted(): void {
    if (this.#started) throw new Error('out of turn')
    this.#started = true
    this.#startedAt = performance.now()
    clearTimeout(this.#deadline)
    this.#deadline = setTimeout(() => this.#stop('wallMs'), this.#limits.wallMs + GRACE_MS)
  }

  #onOpen({ stream, source, place }: OpenMessage): void {
    if (this.#streams.has(stream) || this.#streams.size >= MAX_STREAMS) throw new Error('too many streams')
    if (source.from === 'object') this.#objects++
    this.#streams.open(stream, source)
    this.#onPull({ stream, place })
  }

  #onPull({ stream, place }: Pick<OpenMessage, 'stream' | 'place'>): void {
    const run = this.#number
    const pulled = this.#streams.pull(stream, place === undefined ? CHUNK_BYTES : FILED_CHUNK_BYTES)
    pulled.then(
      (chunk) => chunk && this.#deliver(stream, chunk, place),
      (error) => this.#ended || this.#executor.send({ type: 'fault', run, stream, ...faultOf(error) }),
    )
  }

  /** Drops chunks of a closed stream: the executor may have given their place in the shared file to another stream. */
  #deliver(stream: number, { pieces, last }: Chunk, place?: number): void {
    if (this.#ended || !this.#streams.has(stream)) return
    const { bytesRead } = this.#streams
    if (bytesRead > this.#limits.readBytes) {
      this.#stop('readBytes')
      return
    }
    this.#executor.sendChunk({ type: 'chunk', run: this.#number, stream, last }, pieces, place)
    this.#progress.read(bytesRead, this.#objects)
  }

  /** Answers with the binary of a kernel, or with the reason why there is none. */
  #onKernel(message: KernelRequest, body: Uint8Array): void {
    if (++this.#kernelRequests > MAX_KERNEL_REQUESTS) throw new Error('out of turn')
    const [run, { call }] = [this.#number, message]
    const answered = (send: () => void): void => {
      this.#kernelRequests--
      if (!this.#ended) send()
    }
    this.#binaryFor(message, body).then(
      (binary) => answered(() => this.#executor.send({ type: 'kernel', run, call }, binary)),
      (error) => answered(() => this.#executor.send({ type: 'kernel-fault', run, call, ...kernelFaultOf(error) })),
    )
  }

  async #binaryFor(message: KernelRequest, body: Uint8Array): Promise<Uint8Array> {
    const { kernels } = this.#job
    if (kernels === undefined) throw new KernelError('KERNEL_UNKNOWN', 'there are no kernels in this place')
    if (message.type === 'kernel') return await kernels.byName(message.name)
    return await kernels.compile(Buffer.from(body).toString('utf8'), message.language)
  }

  #onLog(body: Uint8Array): void {
    this.#logBytes += body.length + 1
    if (this.#logBytes > this.#limits.logBytes) this.#stop('logBytes')
    else this.#logs.push(Buffer.from(body).toString('utf8'))
  }

  /** Messages count towards the limit `resultBytes`, like the result. */
  #onSend(to: string, body: Uint8Array): void {
    this.#sentBytes += body.length
    if (this.#sentBytes > this.#limits.resultBytes) this.#stop('resultBytes')
    else this.#onMessage({ to, body: Buffer.from(body).toString('utf8') })
  }

  #onMessage(message: SentMessage): void {
    const { onSend } = this.#job
    if (onSend === undefined) this.#sent.push(message)
    else onSend(message)
  }

  /** Saves a checkpoint while the agent waits. If that fails, the agent must not continue. */
  #onCheckpoint(memoryPages: number, state: Uint8Array): void {
    if (this.#saving !== undefined) throw new Error('out of turn')
    if (state.length > this.#limits.stateBytes) {
      this.#stop('stateBytes')
      return
    }
    this.#memoryPages = memoryPages
    const soFar = this.#result({ kind: 'departed', destination: { kind: 'stay' }, state })
    this.#saving = Promise.resolve(this.#job.onCheckpoint?.(soFar)).then(
      () => {
        this.#saving = undefined
        if (!this.#ended) this.#executor.send({ type: 'saved', run: this.#number })
      },
      () => this.#stop('cancelled'),
    )
  }

  /** The agent may end while a checkpoint is being saved: the run then ends after that. */
  #onEnd(message: EndMessage, body: Uint8Array): void {
    this.#memoryPages = message.memoryPages
    const outcome = this.#outcomeOf(message, body)
    if (this.#saving === undefined) this.#finish(outcome, message.healthy)
    else void this.#saving.then(() => this.#finish(outcome, message.healthy))
  }

  #outcomeOf(message: EndMessage, body: Uint8Array): Outcome | Departure {
    const { limits } = this.#job.bundle
    const { kind } = message
    if (kind === 'departed') return this.#departure(message, body)
    if (kind === 'failed') return { kind, error: parseFailure(body, limits.errorBytes) }
    if (kind !== 'completed') return stoppedBy(kind, limits)
    if (body.length + this.#sentBytes > limits.resultBytes) return stoppedBy('resultBytes', limits)
    this.#resultBytes = body.length
    return { kind, value: JSON.parse(Buffer.from(body).toString('utf8')) as Json }
  }

  #departure({ hop, copies, waits }: EndMessage, state: Uint8Array): Outcome | Departure {
    const destination = destinationOf(hop, copies, waits === true)
    const { limits } = this.#job.bundle
    const { regions, clientPlaces = [] } = this.#job.context
    if (!destinationsOf(destination).every((to) => regions.includes(to) || clientPlaces.includes(to)))
      throw new Error('out of bounds')
    if (state.length > this.#limits.stateBytes) return stoppedBy('stateBytes', limits)
    if (destinationsOf(destination).length > this.#limits.hops) return stoppedBy('hops', limits)
    return { kind: 'departed', destination, state }
  }

  /** Ends the run from this side. What the executor is doing can't be cancelled, so the executor is killed. */
  #stop(reason: StopReason): void {
    this.#finish(stoppedBy(reason, this.#job.bundle.limits), false)
  }

  #onLost(): void {
    this.#finish(BROKEN, false)
  }

  #finish(outcome: Outcome | Departure, healthy: boolean): void {
    if (this.#ended) return
    this.#ended = true
    clearTimeout(this.#deadline)
    this.#progress.stop()
    this.#job.signal?.removeEventListener('abort', this.#onAbort)
    this.#job.evict?.removeEventListener('abort', this.#onEvict)
    this.#streams.closeAll()
    this.#abort.abort()
    this.#resolve({ result: this.#result(outcome), healthy, started: this.#started })
  }

  #result(outcome: Outcome | Departure): JobResult {
    const sent = this.#sent.length > 0 && { sent: [...this.#sent] }
    return { outcome, usage: this.#usage(outcome), logs: [...this.#logs], ...sent, reads: this.#streams.reads }
  }

  #usage(outcome: Outcome | Departure): Usage {
    const errorBytes = outcome.kind === 'failed' ? textBytes(outcome.error) : 0
    return {
      wallMs: Math.round(performance.now() - this.#startedAt),
      hostCalls: this.#hostCalls,
      bytesRead: this.#streams.bytesRead,
      bytesReturned: this.#resultBytes + this.#sentBytes + errorBytes + this.#logBytes,
      logBytes: this.#logBytes,
      memoryPages: this.#memoryPages,
      objects: this.#objects,
    }
  }
}

/**
 * The executor exited or violated the protocol. An agent that can cause that has escaped from the engine: tell it
 * nothing.
 */
const BROKEN: Outcome = {
  kind: 'failed',
  error: { code: 'AGENT_THREW', message: 'the executor of the agent ended unexpectedly' },
}

function resumeOf({ from, copy, answers }: Arrival): Resume {
  return { from, ...(copy !== undefined && { copy }), ...(answers && { answers }) }
}

function destinationOf(hop: string | undefined, copies: readonly string[] = [], waits = false): Destination {
  if (hop !== undefined) return { kind: 'hop', to: hop }
  return copies.length > 0 ? { kind: 'scatter', to: copies } : { kind: 'stay', ...(waits && { waits }) }
}

/**
 * The seed for the agent's random numbers, four 32-bit words. The same mission in the same region gets the same seed.
 */
function seedFor(mission: string, region: string): number[] {
  const digest = createHash('sha256')
    .update(JSON.stringify([mission, region]))
    .digest()
  return [0, 4, 8, 12].map((at) => digest.readUInt32LE(at))
}

/** An error of the store as the agent sees it. Any other error stays hidden from the agent. */
function faultOf(error: unknown): { code: string; message: string } {
  if (error instanceof ObjectError) return { code: error.code, message: error.message }
  return { code: 'STORE_FAILED', message: 'the store failed' }
}

/** An error of a kernel as the agent sees it. Errors of this place stay hidden from the agent. */
function kernelFaultOf(error: unknown): { code: KernelError['code']; message: string } {
  if (!(error instanceof KernelError)) return { code: 'KERNEL_UNREACHABLE', message: 'the kernel could not be loaded' }
  const { code, message, remedy } = error
  return { code, message: remedy === undefined ? message : `${message}; ${remedy}` }
}
