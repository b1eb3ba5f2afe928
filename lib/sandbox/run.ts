import { createHash } from 'node:crypto'
import type { Json } from '../encoding/json.ts'
import { ObjectError } from '../errors.ts'
import type { ExecutorProcess } from './executor-process.ts'
import { failureBytes, parseFailure, wordBytes } from './failure.ts'
import type { Frame } from './frames.ts'
import type { Job, JobResult } from './job.ts'
import type { Outcome, StopReason, Usage } from './outcome.ts'
import { ProgressReporter } from './progress.ts'
import { type EndMessage, type FromExecutor, MAX_STREAMS, parseFromExecutor, type StreamSource } from './protocol.ts'
import { stoppedBy } from './stops.ts'
import { type Chunk, Streams } from './streams.ts'

/** What became of a run, and of the executor it ran in. */
export interface RunReport {
  readonly result: JobResult
  /** Whether the executor may take another run. */
  readonly healthy: boolean
  /** Whether the run began at all: if not, its executor was dead before and another may try. */
  readonly started: boolean
}

/** How long an executor may take to begin: forking one and compiling the engine takes a tenth of a second. */
const START_MS = 20_000
/** How long the executor may take to end a run that is over time by itself; then it is killed. */
const GRACE_MS = 250

/**
 * One run, on the host's side of the wall: it answers what the agent asks, counts, and ends the run when a limit is
 * hit. The executor may say anything at any time; what is malformed or out of turn costs it its life.
 */
export class Run {
  readonly #job: Job
  readonly #executor: ExecutorProcess
  readonly #number: number
  readonly #streams: Streams
  readonly #progress: ProgressReporter
  readonly #abort = new AbortController()
  #startedAt = performance.now()
  readonly #logs: string[] = []
  readonly #settled: Promise<RunReport>
  #resolve: (report: RunReport) => void = () => {}
  #deadline: NodeJS.Timeout | undefined
  #started = false
  #ended = false
  #hostCalls = 0
  #logBytes = 0
  #resultBytes = 0
  #memoryPages = 0
  #objects = 0

  constructor(job: Job, executor: ExecutorProcess, number: number) {
    this.#job = job
    this.#executor = executor
    this.#number = number
    this.#streams = new Streams({ store: job.store, scopes: job.scopes, signal: this.#abort.signal })
    this.#progress = new ProgressReporter(job.onProgress)
    this.#settled = new Promise((resolve) => {
      this.#resolve = resolve
    })
  }

  /** Sends the job off; resolves when the run has ended, one way or another. */
  report(): Promise<RunReport> {
    const { bundle, signal } = this.#job
    const { limits } = bundle
    const longest = Math.max(limits.resultBytes, limits.logBytes, failureBytes(limits.errorBytes))
    this.#executor.listen({ onFrame: (frame) => this.#onFrame(frame), onLost: () => this.#onLost() }, longest)
    this.#deadline = setTimeout(() => this.#finish(BROKEN, false), START_MS)
    signal?.addEventListener('abort', this.#onAbort)
    if (signal?.aborted) this.#finish(stoppedBy('cancelled', limits), true)
    else this.#send()
    return this.#settled
  }

  readonly #onAbort = () => this.#stop('cancelled')

  #send(): void {
    const { bundle, entry, context, now, input } = this.#job
    const main = Buffer.from(bundle.main)
    const seed = seedFor(context.mission, context.region)
    const { compiles } = bundle.statement
    const run = this.#number
    const { mission, fleet, region, regions } = context
    this.#executor.send(
      {
        type: 'run',
        run,
        entry,
        context: { mission, fleet, region, regions },
        now,
        seed,
        compiles,
        limits: bundle.limits,
        mainBytes: main.length,
      },
      main,
      Buffer.from(input),
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
    else if (++this.#hostCalls > this.#job.bundle.limits.hostCalls) this.#stop('hostCalls')
    else if (message.type === 'open') this.#onOpen(message.stream, message.source)
    else if (message.type === 'pull') this.#onPull(message.stream)
    else if (message.type === 'log') this.#onLog(body)
    else this.#progress.fraction(message.fraction)
  }

  /** The clock starts when the agent does, so waiting for a new executor costs the agent nothing. */
  #onStarted(): void {
    if (this.#started) throw new Error('out of turn')
    this.#started = true
    this.#startedAt = performance.now()
    clearTimeout(this.#deadline)
    this.#deadline = setTimeout(() => this.#stop('wallMs'), this.#job.bundle.limits.wallMs + GRACE_MS)
  }

  #onOpen(stream: number, source: StreamSource): void {
    if (this.#streams.has(stream) || this.#streams.size >= MAX_STREAMS) throw new Error('too many streams')
    if (source.from === 'object') this.#objects++
    this.#streams.open(stream, source)
    this.#onPull(stream)
  }

  #onPull(stream: number): void {
    const run = this.#number
    const pulled = this.#streams.pull(stream)
    pulled.then(
      (chunk) => chunk && this.#deliver(stream, chunk),
      (error) => this.#ended || this.#executor.send({ type: 'fault', run, stream, ...faultOf(error) }),
    )
  }

  #deliver(stream: number, { pieces, last }: Chunk): void {
    if (this.#ended) return
    const { bytesRead } = this.#streams
    if (bytesRead > this.#job.bundle.limits.readBytes) {
      this.#stop('readBytes')
      return
    }
    this.#executor.send({ type: 'chunk', run: this.#number, stream, last }, ...pieces)
    this.#progress.read(bytesRead, this.#objects)
  }

  #onLog(body: Uint8Array): void {
    this.#logBytes += body.length + 1
    if (this.#logBytes > this.#job.bundle.limits.logBytes) this.#stop('logBytes')
    else this.#logs.push(Buffer.from(body).toString('utf8'))
  }

  #onEnd({ kind, memoryPages, healthy }: EndMessage, body: Uint8Array): void {
    this.#memoryPages = memoryPages
    this.#finish(this.#outcomeOf(kind, body), healthy)
  }

  #outcomeOf(kind: EndMessage['kind'], body: Uint8Array): Outcome {
    const { limits } = this.#job.bundle
    if (kind === 'failed') return { kind, error: parseFailure(body, limits.errorBytes) }
    if (kind !== 'completed') return stoppedBy(kind, limits)
    if (body.length > limits.resultBytes) return stoppedBy('resultBytes', limits)
    this.#resultBytes = body.length
    return { kind, value: JSON.parse(Buffer.from(body).toString('utf8')) as Json }
  }

  /** Ends the run from this side: what the executor is doing can't be called off, so the executor goes. */
  #stop(reason: StopReason): void {
    this.#finish(stoppedBy(reason, this.#job.bundle.limits), false)
  }

  #onLost(): void {
    this.#finish(BROKEN, false)
  }

  #finish(outcome: Outcome, healthy: boolean): void {
    if (this.#ended) return
    this.#ended = true
    clearTimeout(this.#deadline)
    this.#job.signal?.removeEventListener('abort', this.#onAbort)
    this.#streams.closeAll()
    this.#abort.abort()
    const result = { outcome, usage: this.#usage(outcome), logs: this.#logs, reads: this.#streams.reads }
    this.#resolve({ result, healthy, started: this.#started })
  }

  #usage(outcome: Outcome): Usage {
    const words = outcome.kind === 'failed' ? wordBytes(outcome.error) : 0
    return {
      wallMs: Math.round(performance.now() - this.#startedAt),
      hostCalls: this.#hostCalls,
      bytesRead: this.#streams.bytesRead,
      bytesReturned: this.#resultBytes + words + this.#logBytes,
      logBytes: this.#logBytes,
      memoryPages: this.#memoryPages,
      objects: this.#objects,
    }
  }
}

/** The executor ended or broke the protocol. An agent that can do that has left the engine: tell it nothing. */
const BROKEN: Outcome = {
  kind: 'failed',
  error: { code: 'AGENT_THREW', message: 'the executor of the agent ended unexpectedly' },
}

/** Four words for the agent's random numbers: the same mission in the same region gets the same again. */
function seedFor(mission: string, region: string): number[] {
  const digest = createHash('sha256')
    .update(JSON.stringify([mission, region]))
    .digest()
  return [0, 4, 8, 12].map((at) => digest.readUInt32LE(at))
}

/** An error of the store as the agent sees it. What is not the store's own is not told. */
function faultOf(error: unknown): { code: string; message: string } {
  if (error instanceof ObjectError) return { code: error.code, message: error.message }
  return { code: 'STORE_FAILED', message: 'the store failed' }
}
