import { randomBytes } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type Credentials, instanceEnvironment } from './environment.ts'
import type { LambdaFunction } from './function.ts'
import type { GroupGuard } from './group-guard.ts'
import { createLogTail, type LogTail } from './log-tail.ts'
import type { MemoryWatch } from './memory-watch.ts'
import { answerTooLarge, type CallOutcome, type Exit, exited, outOfMemory, timedOut } from './outcome.ts'
import { type ProcessGroup, startProcessGroup } from './process-group.ts'
import { INIT_SECONDS, LOG_TAIL_BYTES, RESPONSE_BYTES } from './quotas.ts'
import type { Failure } from './runtime/failure.ts'
import { createRuntimeApi, type RuntimeApi, type RuntimeResponse } from './runtime-api.ts'

/** One call of a function. */
export interface Invocation {
  readonly requestId: string
  readonly traceId: string
  /** JSON in ASCII. */
  readonly clientContext: string | undefined
  readonly payload: Uint8Array
}

/** Takes an answer while it is made. */
export interface AnswerSink {
  /** Resolves when the receiver can take more. @throws AnswerTooLarge to refuse the rest. */
  write(chunk: Uint8Array): Promise<void>
}

/** A sink's refusal: the answer of a call may not be larger. */
export class AnswerTooLarge extends Error {
  override readonly name = 'AnswerTooLarge'
}

/** What instances share. */
export interface InstanceHost {
  /** The built runtime, `bootstrap.mjs`. */
  readonly bootstrap: string
  /** Where functions of this region reach S3 and Lambda. */
  readonly endpoint: string
  readonly credentials: Credentials
  readonly guard: GroupGuard
  readonly memory: MemoryWatch
  /** Stop a function's processes between calls, as Lambda does. */
  readonly freeze: boolean
  /** The function's own log; instances write to it as well as to the tails of their calls. */
  readonly log: LogTail
}

/** A running copy of a function: one call at a time. */
export interface Instance {
  /** The process group. */
  readonly group: number
  /** Runs one call; only when no other runs. */
  run(invocation: Invocation, sink: AnswerSink): Promise<CallOutcome>
  /** Resolves when the instance waits for its next event; `false` when it has ended. */
  ready(): Promise<boolean>
  readonly ended: Promise<unknown>
  stop(): Promise<void>
}

const MIB = 1024 * 1024

/** Starts a copy of the function. Loading its handler goes on while the first call already waits for it. */
export async function startInstance(fn: LambdaFunction, host: InstanceHost): Promise<Instance> {
  const instance = new FunctionInstance(fn, host)
  await instance.start()
  return instance
}

/** A call under way, from its arrival until the runtime asks for the next one. */
interface Call {
  readonly invocation: Invocation
  readonly sink: AnswerSink
  readonly tail: LogTail
  readonly outcome: Deferred<Failure | undefined>
  /** When the event was handed over; `undefined` while the handler is loaded. */
  handedAt: number | undefined
  /** The answer on its way, if one is. Never rejects. */
  relay: Promise<unknown>
}

class FunctionInstance implements Instance {
  readonly #fn: LambdaFunction
  readonly #host: InstanceHost
  readonly #startedAt = performance.now()
  #api!: RuntimeApi
  #processes!: ProcessGroup
  #readiness = deferred<boolean>()
  #call: Call | undefined
  #timer: NodeJS.Timeout | undefined
  #unwatch = () => {}
  #exit: Exit = { code: null, signal: null }
  /** How long loading took, until the first report has told. */
  #initMs: number | undefined
  #peakBytes = 0

  constructor(fn: LambdaFunction, host: InstanceHost) {
    this.#fn = fn
    this.#host = host
  }

  get group(): number {
    return this.#processes.id
  }

  async start(): Promise<void> {
    this.#api = await createRuntimeApi({
      onReady: () => this.#settleDown(),
      onResponse: (response) => this.#relay(response),
      onFailure: (failure) => this.#call?.outcome.resolve(failure),
      onInitFailure: (failure) => this.#call?.outcome.resolve(failure),
    })
    this.#processes = await this.#spawn().catch((error) => {
      this.#api.close()
      throw error
    })
    for (const stream of this.#processes.output) stream.on('data', (text: Buffer) => this.#print(text))
    this.#processes.ended.then((exit) => this.#end(exit))
    this.#limitTime(INIT_SECONDS)
  }

  async run(invocation: Invocation, sink: AnswerSink): Promise<CallOutcome> {
    const tail = createLogTail(LOG_TAIL_BYTES)
    const outcome = deferred<Failure | undefined>()
    const call: Call = { invocation, sink, tail, outcome, handedAt: undefined, relay: Promise.resolve() }
    this.#call = call
    this.#unwatch = this.#host.memory.watch(this.group, (bytes) => this.#limitMemory(bytes))
    if (await this.ready()) this.#hand(call)
    else outcome.resolve(exited(invocation.requestId, this.#exit))
    const failure = await outcome.promise
    await nextTurn() // what was printed before the answer is in the pipe by now: one turn reads it
    this.#print(this.#report(call))
    this.#initMs = undefined
    return { failure, logTail: tail.read() }
  }

  get ended(): Promise<unknown> {
    return this.#processes.ended
  }

  ready(): Promise<boolean> {
    return this.#readiness.promise
  }

  async stop(): Promise<void> {
    await this.#processes.kill()
    await this.#readiness.promise
  }

  #spawn(): Promise<ProcessGroup> {
    const { bootstrap, endpoint, credentials, guard } = this.#host
    const env = instanceEnvironment(this.#fn, {
      runtimeApi: this.#api.address,
      endpoint,
      credentials,
      instanceId: randomBytes(16).toString('hex'),
      startedAt: new Date(),
      nodeVersion: process.versions.node,
      nodePath: process.execPath,
    })
    // AWS's runtime gives the JavaScript heap nine tenths of the function's memory, too.
    const heap = `--max-old-space-size=${Math.floor(this.#fn.memoryMb * 0.9)}`
    return startProcessGroup({ command: process.execPath, args: [heap, bootstrap], cwd: this.#fn.codeDir, env, guard })
  }

  /** The deadline is fixed before the event goes out, so that no runtime sees more time than it has. */
  #hand(call: Call): void {
    const { requestId, traceId, clientContext, payload } = call.invocation
    const deadlineMs = Date.now() + this.#fn.timeoutSeconds * 1000
    this.#readiness = deferred()
    this.#limitTime(this.#fn.timeoutSeconds)
    this.#print(`START RequestId: ${requestId} Version: $LATEST\n`)
    call.handedAt = performance.now()
    if (this.#host.freeze) this.#processes.thaw()
    this.#api.hand({ requestId, deadlineMs, functionArn: this.#fn.arn, traceId, clientContext, payload })
  }

  /** The runtime asks for an event: nothing of the last call is left to do. */
  #settleDown(): void {
    clearTimeout(this.#timer)
    if (this.#call?.handedAt === undefined) this.#initMs = performance.now() - this.#startedAt
    else {
      this.#call.outcome.resolve({ errorType: 'Runtime.NoResponse', errorMessage: 'the runtime gave no answer' })
      this.#unwatch()
    }
    if (this.#host.freeze) this.#processes.freeze()
    this.#readiness.resolve(true)
  }

  #relay(response: RuntimeResponse): Promise<boolean> {
    const call = this.#call
    if (call === undefined) return Promise.resolve(false)
    const relay = response.streaming ? passOn(response, call.sink) : passWhole(response, call.sink)
    call.relay = relay.catch(() => {})
    return relay.then((failure) => {
      call.outcome.resolve(failure)
      return failure?.errorType !== 'Function.ResponseSizeTooLarge'
    })
  }

  async #end(exit: Exit): Promise<void> {
    this.#exit = exit
    clearTimeout(this.#timer)
    this.#unwatch()
    await this.#call?.relay
    this.#call?.outcome.resolve(exited(this.#call.invocation.requestId, exit))
    this.#readiness.resolve(false)
    this.#readiness = deferred()
    this.#readiness.resolve(false)
    this.#api.close()
  }

  #limitTime(seconds: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#kill(timedOut(this.#requestId(), seconds)), seconds * 1000)
  }

  #limitMemory(bytes: number): void {
    this.#peakBytes = Math.max(this.#peakBytes, bytes)
    if (bytes > this.#fn.memoryMb * MIB)
      this.#kill(outOfMemory(this.#requestId(), this.#fn.memoryMb, Math.ceil(bytes / MIB)))
  }

  #kill(failure: Failure): void {
    this.#call?.outcome.resolve(failure)
    void this.#processes.kill()
  }

  #requestId(): string {
    return this.#call?.invocation.requestId ?? ''
  }

  #print(text: Buffer | string): void {
    this.#call?.tail.append(text)
    this.#host.log.append(text)
  }

  /** The lines that end a call's log in Lambda. */
  #report(call: Call): string {
    const { requestId } = call.invocation
    const now = performance.now()
    const duration = now - (call.handedAt ?? now)
    const fields = [
      `REPORT RequestId: ${requestId}`,
      `Duration: ${duration.toFixed(2)} ms`,
      `Billed Duration: ${Math.ceil(duration)} ms`,
      `Memory Size: ${this.#fn.memoryMb} MB`,
      ...(this.#peakBytes === 0 ? [] : [`Max Memory Used: ${Math.ceil(this.#peakBytes / MIB)} MB`]),
      ...(this.#initMs === undefined ? [] : [`Init Duration: ${this.#initMs.toFixed(2)} ms`]),
    ]
    return `END RequestId: ${requestId}\n${fields.join('\t')}\n`
  }
}

/** Streams an answer: the runtime is read as fast as the receiver takes it. */
async function passOn(response: RuntimeResponse, sink: AnswerSink): Promise<Failure | undefined> {
  let refused = false
  for await (const chunk of response.body) {
    if (refused) continue // read to the end: a runtime cut off in the middle would fail for another reason
    await sink.write(chunk).catch((error) => {
      if (!(error instanceof AnswerTooLarge)) throw error
      refused = true
    })
  }
  return refused ? answerTooLarge(RESPONSE_BYTES) : response.failure()
}

/** Passes an answer on when all of it is there, which is what a buffered answer means. */
async function passWhole(response: RuntimeResponse, sink: AnswerSink): Promise<Failure | undefined> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body) {
    size += chunk.length
    if (size <= RESPONSE_BYTES) chunks.push(chunk)
  }
  if (size > RESPONSE_BYTES) return answerTooLarge(RESPONSE_BYTES)
  await sink.write(Buffer.concat(chunks))
  return undefined
}

interface Deferred<T> {
  readonly promise: Promise<T>
  readonly resolve: (value: T) => void
}

function deferred<T>(): Deferred<T> {
  let resolve: (value: T) => void = () => {}
  const promise = new Promise<T>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}
