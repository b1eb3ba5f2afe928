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
  /** The module followed by the input. */
  readonly body: Uint8Array
  readonly send: Send
  /** The descriptor of the file that chunks come in, if there is one. */
  readonly sharedFile?: number | undefined
}

/** What kernels need beside the engine, read when it is needed. */
export interface KernelFiles {
  readonly load: () => Promise<OpenKernelRuntime>
  /** Threads for kernels, which serve one run after the other. */
  readonly idleWorkers: IdleWorkers
}

type HostCallHandler = (id: number, request: string, bytes: Uint8Array | undefined) => void

/** An agent that has grown by a MiB is worth a word. */
const MEMORY_STEP_PAGES = 16
/** Up to 2 MiB an agent is like any other. */
const SMALL_PAGES = 32
/** The only calls that matter while an agent's module is loaded a second time, for a state to be put over it. */
const WHILE_RESTORING = new Set(['encode-utf8', 'decode-utf8', 'import-kernel', 'throw', 'stop'])

/**
 * One run, in the executor's thread: the machine, what it reads and waits for, and how it ends. The checks here
 * are the first wall only; the sandbox counts everything again on its side of the pipe.
 */
export class GuestRun {
  readonly #options: GuestRunOptions
  readonly #calls: ReadonlyMap<string, HostCallHandler>
  readonly #reads: Reads
  readonly #timers: Timers
  readonly #moves = new Moves()
  readonly #inbox: Inbox
  /** Pages the place was told of last. */
  #toldPages = SMALL_PAGES
  readonly #chunks: Chunks
  readonly #kernels: LazyKernelRuntime
  readonly #checkpoint = new Checkpoint()
  readonly #clock: GuestClock
  #restoring = false
  /** Whether the agent has been called: until then there is nothing to freeze. */
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
      ['checkpoint', (call) => this.#checkpoint.want(call)],
      ['return', (_id, request) => this.#end(returned(request, message.limits))],
      ['throw', (_id, request) => this.#end(threw(request, message.limits))],
      ['stop', (_id, request) => this.#stop(request)],
    ])
  }

  /** Boots a machine, loads the agent and calls it. */
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
      // The prelude is known to work: what it can lack is memory. A state may be of another version's making.
      if (isKernelError(error)) this.#end(failedBy('KernelError', faultOf(error)))
      else this.#end(this.#restoring && !(error instanceof RangeError) ? STRANDED : brokenBy('memoryPages'))
    }
    this.#afterGuest()
  }

  /** The place wants the agent to go on in a new landing: it departs as soon as it waits for something. */
  evict(): void {
    this.#moves.evict()
    this.#afterGuest()
  }

  /** The place keeps the checkpoint: the agent goes on. */
  onKept(): void {
    const call = this.#checkpoint.kept()
    if (call === undefined || this.#ending !== undefined) return
    this.#settle(call, true, {})
    this.#afterGuest()
  }

  /** Nobody waits for this run any more. */
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

  /** The binary of a kernel, or why there is none. */
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

  /** What the host kept for the agent. A copy inherits none of it: it has its own errand. */
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

  /** The guest has noticed a limit itself. */
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

  /** Something arrived for a stream. */
  #answer(stream: number): void {
    if (this.#ending === undefined && this.#reads.answer(stream)) this.#afterGuest()
  }

  #onTimer(act: () => void): void {
    if (this.#ending === undefined) act()
    this.#afterGuest()
  }

  /**
   * Notes how the run ends. It is reported only once the guest has come back: an agent that returns and computes on
   * has not ended, and would keep the next one waiting. After the deadline every end is late: an interrupted module
   * looks like one that failed.
   */
  #end(ending: Ending): void {
    const late = ending.healthy && this.#clock.elapsed > this.#options.message.limits.wallMs
    this.#ending ??= late ? stoppedBy('wallMs') : ending
  }

  /** The guest is idle: it has ended, it waits for something under way, or it will wait for ever. */
  #afterGuest(): void {
    if (this.#begun) this.#departOrStall()
    if (this.#ending === undefined) this.#tellMemory()
    if (this.#ending === undefined || this.#reported) return
    this.#reported = true
    this.#timers.clear()
    const { kind, destination } = this.#ending
    // A kernel that is still at work in its lane may be one that can't be ended, but with this process.
    const healthy = this.#ending.healthy && !this.#kernels.busy
    const memoryPages = this.#memoryPages()
    this.#kernels.close()
    this.#machine?.dispose()
    this.#options.send({ type: 'end', kind, memoryPages, healthy, ...destination }, bodyOf(this.#ending))
  }

  #memoryPages(): number {
    return (this.#machine?.memoryPages ?? 0) + this.#kernels.pages
  }

  /** A place that is crowded has to know who takes how much. */
  #tellMemory(): void {
    const pages = this.#memoryPages()
    if (pages < this.#toldPages + MEMORY_STEP_PAGES) return
    this.#toldPages = pages
    this.#options.send({ type: 'memory', pages })
  }

  /** An agent that wants to go leaves once nothing is being read; one that is sent away takes its reads along. */
  #departOrStall(): void {
    if (this.#ending !== undefined) return
    // Neither does it leave, nor is it stuck, while a checkpoint is on its way.
    const { wanted, evicting } = this.#moves
    // A kernel can't be called off, nor taken along in the middle of a call.
    if (this.#kernels.waiting) return
    if (this.#checkpoint.wanted) this.#keep()
    else if (wanted && !this.#reads.waiting) this.#depart()
    else if (!wanted && evicting) this.#evict()
    else if (this.#busy) return
    else if (this.#inbox.waiting) this.#depart()
    else this.#end(STALLED)
  }

  /** Taken up from here, the agent finds its call answered, as after a hop to where it is. */
  #keep(): void {
    const call = this.#checkpoint.take()
    if (call === undefined) return
    const body = this.#snapshot({ kind: 'hop', call })
    if (body.length > this.#options.message.limits.stateBytes) this.#end(stoppedBy('stateBytes'))
    else this.#options.send({ type: 'checkpoint', memoryPages: this.#memoryPages() }, body)
  }

  /** Whether something is under way that the agent waits for. */
  get #busy(): boolean {
    return this.#reads.waiting || this.#timers.sleeping
  }

  #depart(): void {
    const departure = this.#departure()
    this.#end(departure ?? stoppedBy('stateBytes'))
  }

  /** A place of the sender's own can keep an agent that is too large to travel; a function is over soon. */
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

  /** `undefined` for a state that is too large. */
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
