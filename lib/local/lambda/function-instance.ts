import { randomBytes } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type AnswerSink, relayAnswer } from './answer.ts'
import { type CallOutcome, type Exit, exited, outOfMemory, timedOut } from './call-outcome.ts'
import { createDeferred, type Deferred } from './deferred.ts'
import type { GroupGuard } from './group-guard.ts'
import { type Credentials, instanceEnvironment } from './instance-environment.ts'
import type { Invocation } from './invocation.ts'
import type { LambdaFunction } from './lambda-function.ts'
import { createLogTail, type LogTail } from './log-tail.ts'
import type { MemoryWatch } from './memory-watch.ts'
import { type ProcessGroup, startProcessGroup } from './process-group.ts'
import { INIT_SECONDS, LOG_TAIL_BYTES } from './quotas.ts'
import { endLines, startLine } from './report.ts'
import type { Failure } from './runtime/describe-failure.ts'
import { createRuntimeApi, type RuntimeApi, type RuntimeResponse } from './runtime-api.ts'

/** What the instances of a function share. */
export interface InstanceHost {
  /** The built runtime, `bootstrap.mjs`. */
  readonly bootstrap: string
  /** The endpoint of S3 and Lambda for functions of this region. */
  readonly endpoint: string
  /** With TLS, the path of the authority that signed the endpoint's certificate. */
  readonly ca?: string | undefined
  readonly credentials: Credentials
  readonly guard: GroupGuard
  readonly memory: MemoryWatch
  /** Whether to freeze a function's processes between calls, as Lambda does. */
  readonly freeze: boolean
  /** When to kill an instance during a call; see `LambdaTuning`. */
  readonly dieAfterMs?: ((fn: LambdaFunction) => number | undefined) | undefined
  /** The function's log. Instances write to it and to the log tails of their calls. */
  readonly log: LogTail
}

/** A running instance of a function, which runs one call at a time. */
export interface Instance {
  /** Runs one call. No other call may be running. */
  run(invocation: Invocation, sink: AnswerSink): Promise<CallOutcome>
  /** Resolves to `true` when the instance waits for its next event, and to `false` if it has ended. */
  ready(): Promise<boolean>
  /** Resolves when its processes have ended. */
  readonly ended: Promise<unknown>
  /** Kills its processes. */
  stop(): Promise<void>
}

const MIB = 1024 * 1024

/** Starts an instance of a function. The first call can be made while the handler is still loading. */
export async function startInstance(fn: LambdaFunction, host: InstanceHost): Promise<Instance> {
  const instance = new FunctionInstance(fn, host)
  await instance.start()
  return instance
}

/** A running call, from its arrival until the runtime asks for the next event. */
interface Call {
  readonly invocation: Invocation
  readonly sink: AnswerSink
  readonly tail: LogTail
  readonly outcome: Deferred<Failure | undefined>
  /** When the runtime got the event; `undefined` while the handler is loading. */
  handedAt: number | undefined
  /** The transfer of the answer, once it has started. */
  relay: Promise<Failure | undefined> | undefined
}

class FunctionInstance implements Instance {
  readonly #fn: LambdaFunction
  readonly #host: InstanceHost
  readonly #startedAt = performance.now()
  readonly #end = createDeferred<Exit>()
  #api!: RuntimeApi
  #processes!: ProcessGroup
  #readiness = createDeferred<boolean>()
  #call: Call | undefined
  #timer: NodeJS.Timeout | undefined
  #death: NodeJS.Timeout | undefined
  #unwatch = () => {}
  /** How long loading took. It is cleared after the first report, which contains it. */
  #initMs: number | undefined
  #peakBytes = 0

  constructor(fn: LambdaFunction, host: InstanceHost) {
    this.#fn = fn
    this.#host = host
  }

  get ended(): Promise<unknown> {
    return this.#end.promise
  }

  async start(): Promise<void> {
    this.#api = await createRuntimeApi({
      onReady: () => this.#finishCall(),
      onResponse: (response) => this.#takeAnswer(response),
      onFailure: (failure) => this.#call?.outcome.resolve(failure),
      onInitFailure: (failure) => this.#call?.outcome.resolve(failure),
    })
    this.#processes = await this.#spawn().catch((error) => {
      this.#api.close()
      throw error
    })
    for (const stream of this.#processes.output) stream.on('data', (text: Buffer) => this.#print(text))
    this.#processes.ended.then((exit) => this.#finish(exit))
    this.#limitTime(INIT_SECONDS)
  }

  async run(invocation: Invocation, sink: AnswerSink): Promise<CallOutcome> {
    const tail = createLogTail(LOG_TAIL_BYTES)
    const call: Call = { invocation, sink, tail, outcome: createDeferred(), handedAt: undefined, relay: undefined }
    this.#call = call
    this.#unwatch = this.#host.memory.watch(this.#processes.id, (bytes) => this.#limitMemory(bytes))
    if (await this.ready()) this.#hand(call)
    else this.#loseCall(call, await this.#end.promise)
    const failure = await call.outcome.promise
    await nextTurn() // what was printed before the answer is in the pipe by now: one turn reads it
    this.#print(this.#report(call))
    return { failure, logTail: tail.read() }
  }

  ready(): Promise<boolean> {
    return this.#readiness.promise
  }

  async stop(): Promise<void> {
    await this.#processes.kill()
    await this.#end.promise
  }

  #spawn(): Promise<ProcessGroup> {
    const { bootstrap, endpoint, ca, credentials, guard } = this.#host
    const env = instanceEnvironment(this.#fn, {
      runtimeApi: this.#api.address,
      endpoint,
      ca,
      credentials,
      instanceId: randomBytes(16).toString('hex'),
      startedAt: new Date(),
      nodeVersion: process.versions.node,
      nodePath: process.execPath,
    })
    // AWS's runtime also limits the JavaScript heap to nine tenths of the function's memory.
    const heap = `--max-old-space-size=${Math.floor(this.#fn.memoryMb * 0.9)}`
    return startProcessGroup({ command: process.execPath, args: [heap, bootstrap], cwd: this.#fn.codeDir, env, guard })
  }

  /** Passes the event to the runtime. The deadline is set first, so that the runtime never sees too much time. */
  #hand(call: Call): void {
    const { requestId, traceId, clientContext, payload } = call.invocation
    const deadlineMs = Date.now() + this.#fn.timeoutSeconds * 1000
    this.#readiness = createDeferred()
    this.#limitTime(this.#fn.timeoutSeconds)
    this.#print(startLine(requestId))
    call.handedAt = performance.now()
    const dies = this.#host.dieAfterMs?.(this.#fn)
    if (dies !== undefined) this.#death = setTimeout(() => void this.#processes.kill(), dies)
    if (this.#host.freeze) this.#processes.restore()
    this.#api.hand({ requestId, deadlineMs, functionArn: this.#fn.arn, traceId, clientContext, payload })
  }

  /** Called when the runtime asks for an event, which means that the last call is complete. */
  #finishCall(): void {
    clearTimeout(this.#timer)
    clearTimeout(this.#death)
    if (this.#call?.handedAt === undefined) this.#initMs = performance.now() - this.#startedAt
    else {
      this.#call.outcome.resolve({ errorType: 'Runtime.NoResponse', errorMessage: 'the runtime gave no answer' })
      this.#unwatch()
    }
    if (this.#host.freeze) this.#processes.freeze()
    this.#readiness.resolve(true)
  }

  /** Takes an answer. @returns whether it was small enough */
  async #takeAnswer(response: RuntimeResponse): Promise<boolean> {
    const call = this.#call
    if (call === undefined) return false
    call.relay = relayAnswer(response, call.sink)
    const failure = await call.relay
    call.outcome.resolve(failure)
    return failure?.errorType !== 'Function.ResponseSizeTooLarge'
  }

  #finish(exit: Exit): void {
    clearTimeout(this.#timer)
    clearTimeout(this.#death)
    this.#api.close()
    if (this.#call !== undefined) this.#loseCall(this.#call, exit)
    this.#readiness.resolve(false)
    this.#readiness = createDeferred() // whoever waited for a poll long past must not take it for a promise
    this.#readiness.resolve(false)
    this.#end.resolve(exit)
  }

  /** Ends the call of a process that ended. An answer that was being transferred may still be complete. */
  #loseCall({ invocation, outcome, relay }: Call, exit: Exit): void {
    this.#unwatch()
    const lose = () => outcome.resolve(exited(invocation.requestId, exit))
    if (relay === undefined) lose()
    else relay.then(lose, lose)
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

  #report({ invocation, handedAt }: Call): string {
    const now = performance.now()
    const initMs = this.#initMs
    this.#initMs = undefined
    return endLines({
      requestId: invocation.requestId,
      durationMs: now - (handedAt ?? now),
      memoryMb: this.#fn.memoryMb,
      peakBytes: this.#peakBytes,
      initMs,
    })
  }
}
