import type { KernelError } from '../../errors.ts'
import { PAGE_BYTES } from '../../limits.ts'
import type { Resume } from '../contract/resume.ts'
import type { CallReply } from '../engine/call-reply.ts'
import { Machine, type MachineStop } from '../engine/machine.ts'
import type { ChunkMessage, RunMessage } from '../wire/protocol.ts'
import { decodeSnapshot, encodeSnapshot, type Notes, type Snapshot, type Waiting } from '../wire/snapshot.ts'
import { Checkpoint } from './checkpoint.ts'
import { Chunks } from './chunks.ts'
import { bodyOf, brokenBy, type Ending, failedBy, returned, STALLED, STRANDED, stoppedBy, threw } from './ending.ts'
import { faultOf, isKernelError } from './fault.ts'
import { GuestClock } from './guest-clock.ts'
import { arrivalRequest, landingOf, startRequest } from './guest-requests.ts'
import { settleHeld } from './held-answers.ts'
import type { IdleWorkers } from './idle-workers.ts'
import { Inbox } from './inbox.ts'
import { workerCount } from './kernels/worker-count.ts'
import { LazyKernelRuntime, type OpenKernelRuntime } from './lazy-kernel-runtime.ts'
import { Moves } from './moves.ts'
import { bytesOf, ChunkPlaces } from './pieces.ts'
import { type Landing, Reads } from './reads/reads.ts'
import type { Send } from './send.ts'
import { Timers } from './timers.ts'

export interface GuestRunOptions {
  readonly engine: WebAssembly.Module
  readonly prelude: string
  readonly kernels: KernelFiles
  readonly message: RunMessage
  /** The module, followed by the input or the snapshot. */
  readonly body: Uint8Array
  readonly send: Send
  /** The descriptor of the shared file for chunks, if there is one. */
  readonly sharedFile?: number | undefined
}

/** What kernels need in addition to the engine. Loaded on demand. */
export interface KernelFiles {
  readonly load: () => Promise<OpenKernelRuntime>
  /** Idle threads for kernels, which runs reuse. */
  readonly idleWorkers: IdleWorkers
}

type HostCallHandler = (id: number, request: string, bytes: Uint8Array | undefined) => void

/** The growth that is reported: 1 MiB. */
const MEMORY_STEP_PAGES = 16
/** Memory below this, 2 MiB, is not reported. */
const SMALL_PAGES = 32
/** The only calls that have an effect while the module of a resuming agent is loaded again. */
const WHILE_RESTORING = new Set(['encode-utf8', 'decode-utf8', 'import-kernel', 'throw', 'stop'])

/**
 * One run in the executor's thread: the machine, its reads and waits, and its end. The checks here are only the first
 * line of defence: the sandbox counts everything again on its side of the pipe.
 */
export class GuestRun {
  readonly #options: GuestRunOptions
  readonly #calls: ReadonlyMap<string, HostCallHandler>
  readonly #reads: Reads
  readonly #timers: Timers
  readonly #moves = new Moves()
  readonly #inbox: Inbox
  /** The pages that were reported last. */
  #reportedPages = SMALL_PAGES
  readonly #chunks: Chunks
  readonly #kernels: LazyKernelRuntime
  readonly #checkpoint = new Checkpoint()
  readonly #clock: GuestClock
  #restoring = false
  /** Whether the agent has been called. Before that, there is nothing to take a snapshot of. */
  #begun = false
  #machine: Machine | undefined
  #ending: Ending | undefined
  #reported = false

  constructor(options: GuestRunOptions) {
    this.#options = options
    this.#clock = new GuestClock(options.message.now)
    const { send, message, sharedFile } = options
    const { memoryPages, wallMs } = message.limits
    const settle = this.#settle.bind(this)
    const places = new ChunkPlaces(sharedFile)
    const chunks = new Chunks((piece) => places.release(piece))
    this.#chunks = chunks
    this.#reads = new Reads({ send, settle, chunks, places, memoryBytes: memoryPages * PAGE_BYTES })
    this.#kernels = new LazyKernelRuntime({
      ...options.kernels,
      send,
      settle: (...answer) => this.#ending === undefined && settle(...answer),
      chunks,
      compiles: message.compiles,
      memoryPages,
      enginePages: () => this.#machine?.memoryPages ?? 0,
      onMemory: () => this.#end(stoppedBy('memoryPages')),
      evicting: () => this.#moves.evicting && !this.#moves.wanted,
      resume: () => this.#afterGuest(),
    })
    this.#inbox = new Inbox({ send, settle, messages: message.messages })
    this.#timers = new Timers({ settle, longestMs: wallMs, fire: (act) => this.#onTimer(act) })
    this.#calls = new Map<string, HostCallHandler>([
      ['open', (id, request) => this.#reads.open(id, request)],
      ['next', (id, request) => this.#reads.next(id, Number(request))],
      ['close', (_id, request) => this.#reads.close(Number(request))],
      ['chunk-bytes', (id, request) => this.#onChunkBytes(id, Number(request))],
      ['workers', (id) => settle(id, true, { text: `${workerCount()}` })],
      ['sleep', (id, request) => this.#timers.sleep(id, Number(request))],
      ['log', (_id, request) => this.#log(request)],
      ['progress', (_id, request) => send({ type: 'progress', fraction: wholePercent(Number(request)) })],
      ['encode-utf8', (id, request) => settle(id, true, { bytes: Buffer.from(request) })],
      ['decode-utf8', (id, request, bytes) => settle(id, true, decodeUtf8(bytes, request === 'fatal'))],
      ['hop', (id, request) => this.#moves.hop(id, request)],
      ['at', (id, request) => this.#moves.copy(id, request)],
      ['send', (_id, request) => this.#inbox.send(request)],
      ['receive', (id) => this.#inbox.receive(id)],
      ['checkpoint', (call) => this.#checkpoint.request(call)],
      ['return', (_id, request) => this.#end(returned(request, message.limits))],
      ['throw', (_id, request) => this.#end(threw(request, message.limits))],
      ['stop', (_id, request) => this.#stop(request)],
    ])
  }

  /** Boots a machine, loads the agent, and starts or resumes it. */
  async start(): Promise<void> {
    const { message, body, send } = this.#options
    const { resume, limits, mainBytes } = message
    send({ type: 'started' })
    this.#timers.set(limits.wallMs, () => this.#end(stoppedBy('wallMs')))
    try {
      this.#restoring = resume !== undefined
      if (message.kernels) await this.#kernels.open()
      this.#machine = await this.#boot()
      this.#machine.load(Buffer.from(body.subarray(0, mainBytes)).toString('utf8'))
      const snapshot = resume && decodeSnapshot(body.subarray(mainBytes))
      await this.#kernels.takeUp(snapshot?.notes.kernels)
      const landing = resume && landingOf(resume, message.context)
      if (landing?.stays) await this.#reads.fetchChunks(snapshot!.notes.streams)
      if (this.#ending === undefined) {
        this.#begun = true
        if (resume === undefined) this.#start(startRequest(message, body))
        else this.#resume(resume, landing!, snapshot!)
      }
    } catch (error) {
      // The prelude is known to work, so a failure means lack of memory, or a state of another version.
      if (isKernelError(error)) this.#end(failedBy('KernelError', faultOf(error)))
      else this.#end(this.#restoring && !(error instanceof RangeError) ? STRANDED : brokenBy('memoryPages'))
    }
    this.#afterGuest()
  }

  /** Evicts the agent: it departs as soon as it waits for something, and continues in a new landing. */
  evict(): void {
    this.#moves.evict()
    this.#afterGuest()
  }

  /** The place has saved the checkpoint, so the agent continues. */
  onSaved(): void {
    const call = this.#checkpoint.saved()
    if (call === undefined || this.#ending !== undefined) return
    this.#settle(call, true, {})
    this.#afterGuest()
  }

  /** Ends the run without a report, because its port has closed. */
  abandon(): void {
    if (this.#reported) return
    this.#reported = true
    this.#ending ??= stoppedBy('wallMs')
    this.#timers.clear()
    this.#kernels.close()
    this.#machine?.dispose()
  }

  onChunk(message: ChunkMessage, body: Uint8Array): void {
    this.#reads.push(message, body)
    this.#answer(message.stream)
  }

  /** Receives the binary of a kernel, or the reason why there is none. */
  onKernel(request: number, binary: Uint8Array | KernelError): void {
    this.#kernels.onAnswer(request, binary)
  }

  onFault(stream: number, code: string, message: string): void {
    this.#reads.fail(stream, code, message)
    this.#answer(stream)
  }

  #start(request: string): void {
    this.#clock.arrive()
    this.#machine!.start(request, this.#clock.now())
  }

  #resume(resume: Resume, landing: Landing, { memory, notes }: Snapshot): void {
    this.#machine!.restore(memory)
    this.#restoring = false
    this.#clock.arrive(notes.now)
    this.#takeUp(landing, notes)
    this.#machine!.arrive(arrivalRequest(this.#options.message, resume, notes.waiting), this.#clock.now())
    this.#inbox.deliver()
    if (resume.copy === undefined) settleHeld(this.#settle.bind(this), notes.held)
  }

  /** Restores what the executor keeps for the agent. A copy gets none of it, since it runs only its task. */
  #takeUp(landing: Landing, notes: Notes): void {
    const { copy } = landing
    if (!copy) for (const { call, ms } of notes.timers) this.#timers.sleep(call, ms)
    if (!copy && notes.inbox !== undefined) this.#inbox.takeUp(notes.inbox)
    this.#reads.takeUp(notes, landing)
  }

  #boot(): Promise<Machine> {
    const { engine, prelude, message } = this.#options
    const { memoryPages, wallMs } = message.limits
    return Machine.boot({
      engine,
      prelude,
      memoryPages,
      compiles: message.compiles,
      hostCall: (name, id, request, bytes) => this.#onHostCall(name, id, request, bytes),
      kernelCall: this.#kernels.kernelCall,
      expired: () => this.#ending !== undefined || this.#clock.elapsed > wallMs,
      onStop: (stop) => this.#onStop(stop),
    })
  }

  #onHostCall(name: string, id: number, request: string, bytes: Uint8Array | undefined): void {
    if (this.#ending !== undefined || (this.#restoring && !WHILE_RESTORING.has(name))) return
    if (this.#kernels.onHostCall(name, id, request, bytes)) return
    const handler = this.#calls.get(name)
    if (handler === undefined) throw new Error(`there is no host call "${name}"`)
    handler(id, request, bytes)
  }

  #onChunkBytes(call: number, chunk: number): void {
    try {
      this.#settle(call, true, { bytes: bytesOf(this.#chunks.get(chunk)) })
    } catch (error) {
      this.#settle(call, false, { text: JSON.stringify(faultOf(error)) })
    }
  }

  #log(line: string): void {
    const body = Buffer.from(line)
    if (body.length > this.#options.message.limits.logBytes) this.#end(stoppedBy('logBytes'))
    else this.#options.send({ type: 'log' }, body)
  }

  /** The prelude reports that the guest has hit a limit. */
  #stop(reason: string): void {
    if (reason === 'resultBytes' || reason === 'memoryPages' || reason === 'stack') this.#end(stoppedBy(reason))
  }

  #onStop({ kind }: MachineStop): void {
    if (kind === 'trapped') this.#end(brokenBy('stack'))
    else this.#end(stoppedBy(kind === 'expired' ? 'wallMs' : 'memoryPages'))
  }

  #settle(id: number, ok: boolean, reply: CallReply): void {
    this.#machine?.settle(id, ok, reply, this.#clock.now())
  }

  /** Handles new data of a stream. */
  #answer(stream: number): void {
    if (this.#ending === undefined && this.#reads.answer(stream)) this.#afterGuest()
  }

  #onTimer(act: () => void): void {
    if (this.#ending === undefined) act()
    this.#afterGuest()
  }

  /**
   * Notes how the run ends. It is reported when the guest returns control: an agent that computes after its result has
   * not ended. After the deadline every ending becomes `wallMs`, because an interrupted module looks like a failed one.
   */
  #end(ending: Ending): void {
    const late = ending.healthy && this.#clock.elapsed > this.#options.message.limits.wallMs
    this.#ending ??= late ? stoppedBy('wallMs') : ending
  }

  /** Handles an idle guest: it has ended, it waits for something pending, or it waits for ever. */
  #afterGuest(): void {
    if (this.#begun) this.#departOrStall()
    if (this.#ending === undefined) this.#reportMemory()
    if (this.#ending === undefined || this.#reported) return
    this.#reported = true
    this.#timers.clear()
    const { kind, destination } = this.#ending
    // A kernel that still runs in a worker may be one that only the end of this process can stop.
    const healthy = this.#ending.healthy && !this.#kernels.busy
    const memoryPages = this.#memoryPages()
    this.#kernels.close()
    this.#machine?.dispose()
    this.#options.send({ type: 'end', kind, memoryPages, healthy, ...destination }, bodyOf(this.#ending))
  }

  #memoryPages(): number {
    return (this.#machine?.memoryPages ?? 0) + this.#kernels.pages
  }

  /** Reports growth, so that a place knows which agent uses how much memory. */
  #reportMemory(): void {
    const pages = this.#memoryPages()
    if (pages < this.#reportedPages + MEMORY_STEP_PAGES) return
    this.#reportedPages = pages
    this.#options.send({ type: 'memory', pages })
  }

  /** An agent that hops departs once no read is pending. An evicted agent takes its pending reads along. */
  #departOrStall(): void {
    if (this.#ending !== undefined) return
    const { wanted, evicting } = this.#moves
    // A running kernel can neither be cancelled nor moved.
    if (this.#kernels.waiting) return
    if (this.#checkpoint.requested) this.#sendCheckpoint()
    else if (wanted && !this.#reads.waiting) this.#depart()
    else if (!wanted && evicting) this.#evict()
    else if (this.#busy) return
    else if (this.#inbox.waiting) this.#depart()
    else this.#end(STALLED)
  }

  /** Sends a checkpoint. An agent that resumes from it finds its call answered, as after a hop to its own place. */
  #sendCheckpoint(): void {
    const call = this.#checkpoint.take()
    if (call === undefined) return
    const body = this.#snapshot({ kind: 'hop', call })
    if (body.length > this.#options.message.limits.stateBytes) this.#end(stoppedBy('stateBytes'))
    else this.#options.send({ type: 'checkpoint', memoryPages: this.#memoryPages() }, body)
  }

  /** Whether the agent waits for something that will happen. */
  get #busy(): boolean {
    return this.#reads.waiting || this.#timers.sleeping
  }

  #depart(): void {
    const departure = this.#departure()
    this.#end(departure ?? stoppedBy('stateBytes'))
  }

  /**
   * A client place keeps an agent whose snapshot is too large. In a region it is stopped, since its function ends soon.
   */
  #evict(): void {
    const departure = this.#departure()
    const { region, clientPlaces = [] } = this.#options.message.context
    if (departure !== undefined || !clientPlaces.includes(region)) {
      this.#end(departure ?? stoppedBy('stateBytes'))
      return
    }
    this.#moves.stay()
    this.#kernels.release()
    this.#departOrStall()
  }

  /** The departure, or `undefined` if the snapshot is too large. */
  #departure(): Ending | undefined {
    const waits = !this.#moves.wanted && !this.#busy && this.#inbox.waiting
    const destination = { ...this.#moves.destination(), ...(waits && { waits }) }
    const body = this.#snapshot(this.#moves.waiting())
    if (body.length > this.#options.message.limits.stateBytes) return undefined
    return { kind: 'departed', body, healthy: true, destination }
  }

  #snapshot(waiting: Waiting): Uint8Array {
    const notes: Notes = {
      ...{ waiting, now: this.#clock.now(), timers: this.#timers.notes() },
      ...this.#reads.notes(),
      ...this.#inbox.notes(),
      ...this.#kernels.notes(),
    }
    return encodeSnapshot({ memory: this.#machine!.snapshot(), notes })
  }
}

function wholePercent(fraction: number): number {
  return Math.floor(Math.max(0, Math.min(1, fraction || 0)) * 100 + 1e-9) / 100
}

function decodeUtf8(bytes: Uint8Array | undefined, fatal: boolean): CallReply {
  try {
    return { text: new TextDecoder('utf-8', { fatal }).decode(bytes) }
  } catch {
    return {}
  }
}
