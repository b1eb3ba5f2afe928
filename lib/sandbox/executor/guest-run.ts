import { Machine, type MachineStop, type Reply } from '../machine.ts'
import type { Resume, RunMessage } from '../protocol.ts'
import { decodeSnapshot, encodeSnapshot, type Notes } from '../snapshot.ts'
import { arrivalRequest, startRequest } from './arrival.ts'
import { bodyOf, brokenBy, type Ending, returned, STALLED, STRANDED, stoppedBy, threw } from './ending.ts'
import type { Send } from './messages.ts'
import { Moves } from './moves.ts'
import { Reads } from './reads.ts'
import { Timers } from './timers.ts'

export interface GuestRunOptions {
  readonly engine: WebAssembly.Module
  readonly prelude: string
  readonly message: RunMessage
  /** The module followed by the input. */
  readonly body: Uint8Array
  readonly send: Send
}

type HostCallHandler = (id: number, request: string, bytes: Uint8Array | undefined) => void

const PAGE_BYTES = 65_536
/** The only calls that matter while an agent's module is loaded a second time, for a state to be put over it. */
const WHILE_THAWING = new Set(['encode-utf8', 'decode-utf8', 'throw', 'stop'])

/**
 * One run, in the executor's thread: the machine, what it reads and waits for, and how it ends. The checks here
 * are the first wall only; the sandbox counts everything again on its side of the pipe.
 */
export class GuestRun {
  readonly #options: GuestRunOptions
  readonly #startedAt = performance.now()
  readonly #calls: ReadonlyMap<string, HostCallHandler>
  readonly #reads: Reads
  readonly #timers: Timers
  readonly #moves = new Moves()
  #thawing = false
  /** When the agent was called: for it, that moment is `#bornAt`. */
  #arrivedAt = 0
  #bornAt: number
  #machine: Machine | undefined
  #ending: Ending | undefined
  #reported = false

  constructor(options: GuestRunOptions) {
    this.#options = options
    this.#bornAt = options.message.now
    const { send, message } = options
    const { memoryPages, wallMs } = message.limits
    const settle = this.#settle.bind(this)
    this.#reads = new Reads({ send, settle, memoryBytes: memoryPages * PAGE_BYTES })
    this.#timers = new Timers({ settle, longestMs: wallMs, fire: (act) => this.#onTimer(act) })
    this.#calls = new Map<string, HostCallHandler>([
      ['open', (id, request) => this.#reads.open(id, request)],
      ['next', (id, request) => this.#reads.next(id, Number(request))],
      ['close', (_id, request) => this.#reads.close(Number(request))],
      ['sleep', (id, request) => this.#timers.sleep(id, Number(request))],
      ['log', (_id, request) => this.#log(request)],
      ['progress', (_id, request) => send({ type: 'progress', fraction: wholePercent(Number(request)) })],
      ['encode-utf8', (id, request) => settle(id, true, { bytes: Buffer.from(request) })],
      ['decode-utf8', (id, request, bytes) => settle(id, true, decodeUtf8(bytes, request === 'fatal'))],
      ['hop', (id, request) => this.#moves.hop(id, request)],
      ['at', (id, request) => this.#moves.copy(id, request)],
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
      this.#thawing = resume !== undefined
      this.#machine = await this.#boot()
      this.#machine.load(Buffer.from(body.subarray(0, mainBytes)).toString('utf8'))
      if (resume === undefined) this.#start(startRequest(message, body))
      else this.#resume(resume, body.subarray(mainBytes))
    } catch (error) {
      // The prelude is known to work: what it can lack is memory. A state may be of another version's making.
      this.#end(this.#thawing && !(error instanceof RangeError) ? STRANDED : brokenBy('memoryPages'))
    }
    this.#afterGuest()
  }

  /** The place wants the agent to go on in a new landing: it departs as soon as it waits for something. */
  leave(): void {
    this.#moves.leave()
    this.#afterGuest()
  }

  /** Nobody waits for this run any more. */
  abandon(): void {
    if (this.#reported) return
    this.#reported = true
    this.#ending ??= stoppedBy('wallMs')
    this.#timers.clear()
    this.#machine?.dispose()
  }

  onChunk(stream: number, bytes: Uint8Array, last: boolean): void {
    this.#reads.push(stream, bytes, last)
    this.#answer(stream)
  }

  onFault(stream: number, code: string, message: string): void {
    this.#reads.fail(stream, code, message)
    this.#answer(stream)
  }

  #start(request: string): void {
    this.#arrivedAt = performance.now()
    this.#machine!.start(request, this.#bornAt)
  }

  #resume(resume: Resume, state: Uint8Array): void {
    const { memory, notes } = decodeSnapshot(state)
    this.#machine!.thaw(memory)
    this.#thawing = false
    this.#bornAt = Math.max(this.#bornAt, notes.now)
    this.#arrivedAt = performance.now()
    this.#takeUp(resume, notes)
    this.#machine!.arrive(arrivalRequest(this.#options.message, resume, notes.waiting), this.#now())
  }

  /** What the host kept for the agent. A copy inherits none of it: it has its own errand. */
  #takeUp({ from, copy: errand }: Resume, notes: Notes): void {
    const copy = errand !== undefined
    if (!copy) for (const { call, ms } of notes.timers) this.#timers.sleep(call, ms)
    const { region, own = [] } = this.#options.message.context
    // The sender's own places have one store between them.
    const stays = !copy && (from === region || (own.includes(from) && own.includes(region)))
    this.#reads.takeUp(notes, { from, stays, copy })
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
      expired: () => this.#ending !== undefined || this.#elapsed() > wallMs,
      onStop: (stop) => this.#onStop(stop),
    })
  }

  #onHostCall(name: string, id: number, request: string, bytes: Uint8Array | undefined): void {
    if (this.#ending !== undefined || (this.#thawing && !WHILE_THAWING.has(name))) return
    const handler = this.#calls.get(name)
    if (handler === undefined) throw new Error(`there is no host call "${name}"`)
    handler(id, request, bytes)
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

  #settle(id: number, ok: boolean, reply: Reply): void {
    this.#machine?.settle(id, ok, reply, this.#now())
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
    const late = ending.healthy && this.#elapsed() > this.#options.message.limits.wallMs
    this.#ending ??= late ? stoppedBy('wallMs') : ending
  }

  /** The guest is idle: it has ended, it waits for something under way, or it will wait for ever. */
  #afterGuest(): void {
    if (this.#machine !== undefined && !this.#thawing) this.#departOrStall()
    if (this.#ending === undefined || this.#reported) return
    this.#reported = true
    this.#timers.clear()
    const { kind, healthy, journey } = this.#ending
    const memoryPages = this.#machine?.memoryPages ?? 0
    this.#machine?.dispose()
    this.#options.send({ type: 'end', kind, memoryPages, healthy, ...journey }, bodyOf(this.#ending))
  }

  /** An agent that wants to go leaves once nothing is being read; one that is sent away takes its reads along. */
  #departOrStall(): void {
    if (this.#ending !== undefined) return
    const { wanted, leaving } = this.#moves
    if (wanted && !this.#reads.waiting) this.#depart()
    else if (!wanted && leaving) this.#depart()
    else if (!this.#reads.waiting && !this.#timers.sleeping) this.#end(STALLED)
  }

  #depart(): void {
    const body = encodeSnapshot({ memory: this.#machine!.freeze(), notes: this.#notes() })
    if (body.length > this.#options.message.limits.stateBytes) this.#end(stoppedBy('stateBytes'))
    else this.#end({ kind: 'departed', body, healthy: true, journey: this.#moves.journey() })
  }

  #notes(): Notes {
    return { waiting: this.#moves.waiting(), now: this.#now(), timers: this.#timers.notes(), ...this.#reads.notes() }
  }

  #elapsed(): number {
    return performance.now() - this.#startedAt
  }

  #now(): number {
    return Math.floor(this.#bornAt + performance.now() - this.#arrivedAt)
  }
}

function wholePercent(fraction: number): number {
  return Math.floor(Math.max(0, Math.min(1, fraction || 0)) * 100 + 1e-9) / 100
}

function decodeUtf8(bytes: Uint8Array | undefined, fatal: boolean): Reply {
  try {
    return { text: new TextDecoder('utf-8', { fatal }).decode(bytes) }
  } catch {
    return {}
  }
}
