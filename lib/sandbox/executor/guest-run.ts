import * as v from 'valibot'
import { failureBytes } from '../failure.ts'
import { Machine, type MachineStop, type Reply } from '../machine.ts'
import type { CopyAnswer } from '../outcome.ts'
import {
  type EndKind,
  type EndMessage,
  type FromExecutor,
  MAX_COPIES,
  MAX_STREAMS,
  type Resume,
  type RunMessage,
  STREAM_WINDOW,
  type StreamSource,
  streamSource,
} from '../protocol.ts'
import {
  type CopyCall,
  decodeSnapshot,
  encodeSnapshot,
  type Notes,
  type StreamNote,
  type Waiting,
} from '../snapshot.ts'
import { type Format, Reader, type ReaderNote, type Step } from './readers/reader.ts'

/** Sends one message to the sandbox. */
export type Send = (header: Unnumbered<FromExecutor>, body?: Uint8Array) => void

/** A message before the thread puts the run's number on it. */
export type Unnumbered<Message> = Message extends unknown ? Omit<Message, 'run'> : never

export interface GuestRunOptions {
  readonly engine: WebAssembly.Module
  readonly prelude: string
  readonly message: RunMessage
  /** The module followed by the input. */
  readonly body: Uint8Array
  readonly send: Send
}

interface Ending {
  readonly kind: EndKind
  readonly body: string | Uint8Array
  readonly healthy: boolean
  readonly journey?: Pick<EndMessage, 'hop' | 'copies'>
}

type HostCallHandler = (id: number, request: string, bytes: Uint8Array | undefined) => void

const PAGE_BYTES = 65_536
/** The only calls that matter while an agent's module is loaded a second time, for a state to be put over it. */
const WHILE_THAWING = new Set(['encode-utf8', 'decode-utf8', 'throw', 'stop'])
/** Sleeps at the same time: each holds a timer of this process. */
const MAX_SLEEPS = 10_000

/**
 * One run, in the executor's thread: the machine, the streams it reads, and the calls it waits for. The checks here
 * are the first wall only; the sandbox counts everything again on its side of the pipe.
 */
export class GuestRun {
  readonly #options: GuestRunOptions
  readonly #startedAt = performance.now()
  readonly #readers = new Map<number, Reader>()
  /** Calls the guest waits for: by stream, the `next` call that waits for its next chunk. */
  readonly #waiting = new Map<number, number>()
  readonly #timers = new Set<NodeJS.Timeout>()
  readonly #calls: ReadonlyMap<string, HostCallHandler>
  /** Sleeps, by call: when each is over. */
  readonly #sleeps = new Map<number, number>()
  /** Streams that were open in places the agent has left, and where. */
  readonly #leftBehind = new Map<number, string>()
  /** Where the agent wants to go, once nothing is being read any more. */
  #hop: { readonly call: number; readonly to: string } | undefined
  #copies: CopyCall[] = []
  #leaving = false
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
    const { send } = options
    this.#calls = new Map<string, HostCallHandler>([
      ['open', (id, request) => this.#open(id, request)],
      ['next', (id, request) => this.#next(id, Number(request))],
      ['close', (_id, request) => this.#close(Number(request))],
      ['sleep', (id, request) => this.#sleep(id, Number(request))],
      ['log', (_id, request) => this.#log(request)],
      ['progress', (_id, request) => send({ type: 'progress', fraction: wholePercent(Number(request)) })],
      ['encode-utf8', (id, request) => this.#settle(id, true, { bytes: Buffer.from(request) })],
      ['decode-utf8', (id, request, bytes) => this.#settle(id, true, decodeUtf8(bytes, request === 'fatal'))],
      ['hop', (id, request) => this.#onHop(id, request)],
      ['at', (id, request) => this.#onAt(id, request)],
      ['return', (_id, request) => this.#return(request)],
      ['throw', (_id, request) => this.#throw(request)],
      ['stop', (_id, request) => this.#stop(request)],
    ])
  }

  /** Boots a machine, loads the agent and calls it. */
  async start(): Promise<void> {
    const { message, body, send } = this.#options
    const { resume, limits, mainBytes } = message
    send({ type: 'started' })
    this.#timer(limits.wallMs, () => this.#end('wallMs'))
    try {
      this.#thawing = resume !== undefined
      this.#machine = await this.#boot()
      this.#machine.load(Buffer.from(body.subarray(0, mainBytes)).toString('utf8'))
      if (resume === undefined) this.#start(startRequest(message, body))
      else this.#resume(resume, body.subarray(mainBytes))
    } catch (error) {
      // The prelude is known to work: what it can lack is memory. A state may be of another version's making.
      if (this.#thawing && !(error instanceof RangeError)) this.#end('failed', STRANDED)
      else this.#end('memoryPages', '', false)
    }
    this.#afterGuest()
  }

  /** The place wants the agent to go on in a new landing: it departs as soon as it waits for something. */
  leave(): void {
    this.#leaving = true
    this.#afterGuest()
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
  #takeUp({ from, copy }: Resume, { timers, streams, leftBehind }: Notes): void {
    for (const [stream, region] of leftBehind) this.#leftBehind.set(stream, region)
    if (copy === undefined) for (const { call, ms } of timers) this.#sleep(call, ms)
    const stays = copy === undefined && from === this.#options.message.context.region
    for (const { stream, call, ...note } of streams) {
      if (!stays) this.#leftBehind.set(stream, from)
      else this.#read(stream, note)
      if (call !== null && copy === undefined) this.#next(call, stream)
    }
  }

  onChunk(stream: number, bytes: Uint8Array, last: boolean): void {
    this.#readers.get(stream)?.push(bytes, last)
    this.#answer(stream)
  }

  onFault(stream: number, code: string, message: string): void {
    this.#readers.get(stream)?.fail(code, message)
    this.#answer(stream)
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

  #open(id: number, request: string): void {
    if (this.#readers.size >= MAX_STREAMS) throw new Error(`more than ${MAX_STREAMS} objects are open at once`)
    const { source, format } = JSON.parse(request) as { source: unknown; format: Format }
    if (!v.is(streamSource, source)) throw new Error('the name or the range of an object is malformed')
    this.#admitWhole(source, format)
    this.#read(id, { source, format, skip: 0 })
  }

  #read(id: number, note: ReaderNote): void {
    const { send } = this.#options
    this.#readers.set(id, new Reader(note, () => send({ type: 'pull', stream: id })))
    send({ type: 'open', stream: id, source: note.source })
    for (let pull = 1; pull < STREAM_WINDOW; pull++) send({ type: 'pull', stream: id })
  }

  /** A whole object waits here until it is complete, so it may not be larger than the guest's own memory. */
  #admitWhole(source: StreamSource, format: Format): void {
    if (source.from !== 'object' || (format.as !== 'bytes' && format.as !== 'text')) return
    const memory = this.#options.message.limits.memoryPages * PAGE_BYTES
    if (source.end - source.start > memory) throw new Error('the object does not fit into the memory of the agent')
  }

  #next(id: number, stream: number): void {
    const step = this.#readers.get(stream)?.next() ?? this.#missing(stream)
    if (step.kind === 'waiting') this.#waiting.set(stream, id)
    else if (step.kind === 'batch') this.#settle(id, true, step.batch)
    else if (step.kind === 'end') this.#settle(id, true, {})
    else this.#settle(id, false, { text: JSON.stringify({ code: step.code, message: step.message }) })
  }

  #missing(stream: number): Step {
    const region = this.#leftBehind.get(stream)
    if (region === undefined) return { kind: 'end' }
    const message = `this was being read in ${region}, which the agent has left; open it anew there, or read it before it hops`
    return { kind: 'fault', code: 'OBJECT_LEFT_BEHIND', message }
  }

  /** Something arrived: if the guest waits for it, it goes on. */
  #answer(stream: number): void {
    const id = this.#waiting.get(stream)
    if (id === undefined || this.#ending !== undefined) return
    this.#waiting.delete(stream)
    this.#next(id, stream)
    this.#afterGuest()
  }

  #close(stream: number): void {
    if (!this.#readers.delete(stream)) return
    this.#options.send({ type: 'close', stream })
    const id = this.#waiting.get(stream)
    this.#waiting.delete(stream)
    if (id !== undefined) this.#settle(id, true, {})
  }

  #sleep(id: number, ms: number): void {
    if (this.#sleeps.size >= MAX_SLEEPS) throw new Error(`more than ${MAX_SLEEPS} timers are waiting at once`)
    const wait = Math.max(0, Math.min(ms || 0, this.#options.message.limits.wallMs))
    this.#sleeps.set(id, performance.now() + wait)
    this.#timer(wait, () => {
      this.#sleeps.delete(id)
      this.#settle(id, true, {})
    })
  }

  #onHop(call: number, to: string): void {
    if (this.#hop !== undefined || this.#copies.length > 0) throw new Error('the agent is on its way already')
    this.#hop = { call, to }
  }

  #onAt(call: number, request: string): void {
    if (this.#hop !== undefined) throw new Error('the agent is on its way already')
    if (this.#copies.length >= MAX_COPIES) throw new Error(`more than ${MAX_COPIES} copies are sent at once`)
    const { to, entry } = JSON.parse(request) as { to: string; entry: number }
    this.#copies.push({ call, entry, to })
  }

  #log(line: string): void {
    const body = Buffer.from(line)
    if (body.length > this.#options.message.limits.logBytes) this.#end('logBytes')
    else this.#options.send({ type: 'log' }, body)
  }

  #return(json: string): void {
    if (Buffer.byteLength(json) > this.#options.message.limits.resultBytes) this.#end('resultBytes')
    else this.#end('completed', json)
  }

  #throw(description: string): void {
    const fits = Buffer.byteLength(description) <= failureBytes(this.#options.message.limits.errorBytes)
    this.#end('failed', fits ? description : '{"code":"AGENT_THREW"}')
  }

  /** The guest has noticed a limit itself. */
  #stop(reason: string): void {
    if (reason === 'resultBytes' || reason === 'memoryPages' || reason === 'stack') this.#end(reason)
  }

  #settle(id: number, ok: boolean, reply: Reply): void {
    this.#machine?.settle(id, ok, reply, this.#now())
  }

  #onStop({ kind }: MachineStop): void {
    if (kind === 'trapped') this.#end('stack', '', false)
    else this.#end(kind === 'expired' ? 'wallMs' : 'memoryPages')
  }

  /**
   * Notes how the run ends. It is reported only once the guest has come back: an agent that returns and computes on
   * has not ended, and would keep the next one waiting. After the deadline every end is late: an interrupted module
   * looks like one that failed.
   */
  #end(kind: EndKind, body: string | Uint8Array = '', healthy = true, journey: Ending['journey'] = {}): void {
    const late = healthy && this.#elapsed() > this.#options.message.limits.wallMs
    this.#ending ??= late ? { kind: 'wallMs', body: '', healthy } : { kind, body, healthy, journey }
  }

  /** The guest is idle: it has ended, it waits for something under way, or it will wait for ever. */
  #afterGuest(): void {
    if (this.#machine !== undefined && !this.#thawing) this.#departOrStall()
    if (this.#ending === undefined || this.#reported) return
    this.#reported = true
    for (const timer of this.#timers) clearTimeout(timer)
    const { kind, body, healthy, journey } = this.#ending
    const memoryPages = this.#machine?.memoryPages ?? 0
    this.#machine?.dispose()
    this.#options.send({ type: 'end', kind, memoryPages, healthy, ...journey }, asBytes(body))
  }

  /** An agent that wants to go leaves once nothing is being read; one that is sent away takes its reads along. */
  #departOrStall(): void {
    if (this.#ending !== undefined) return
    const moving = this.#hop !== undefined || this.#copies.length > 0
    if (moving && this.#waiting.size === 0) this.#depart()
    else if (!moving && this.#leaving) this.#depart()
    else if (this.#waiting.size === 0 && this.#sleeps.size === 0) this.#end('failed', STALLED)
  }

  #depart(): void {
    const [hop, copies] = [this.#hop, this.#copies]
    const state = encodeSnapshot({ memory: this.#machine!.freeze(), notes: this.#notes() })
    if (state.length > this.#options.message.limits.stateBytes) this.#end('stateBytes')
    else if (hop !== undefined) this.#end('departed', state, true, { hop: hop.to })
    else if (copies.length > 0) this.#end('departed', state, true, { copies: copies.map(({ to }) => to) })
    else this.#end('departed', state)
  }

  #notes(): Notes {
    const streams = [...this.#readers].map(
      ([stream, reader]): StreamNote => ({ stream, ...reader.note(), call: this.#waiting.get(stream) ?? null }),
    )
    const now = performance.now()
    const timers = [...this.#sleeps].map(([call, due]) => ({ call, ms: Math.max(0, due - now) }))
    return { waiting: this.#waitingFor(), now: this.#now(), timers, streams, leftBehind: [...this.#leftBehind] }
  }

  #waitingFor(): Waiting {
    if (this.#hop !== undefined) return { kind: 'hop', call: this.#hop.call }
    if (this.#copies.length === 0) return { kind: 'stay' }
    return { kind: 'scatter', calls: this.#copies }
  }

  #timer(ms: number, act: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      if (this.#ending === undefined) act()
      this.#afterGuest()
    }, ms)
    this.#timers.add(timer)
  }

  #elapsed(): number {
    return performance.now() - this.#startedAt
  }

  #now(): number {
    return Math.floor(this.#bornAt + performance.now() - this.#arrivedAt)
  }
}

const STALLED = JSON.stringify({
  code: 'AGENT_STALLED',
  name: 'Error',
  message: 'the agent waits for a promise that nothing can settle any more',
})

/** Same engine, other prelude: the base image differs. */
const STRANDED = JSON.stringify({
  code: 'AGENT_STRANDED',
  name: 'Error',
  message: 'the agent was frozen by another version of Lander; deploy every region of the fleet with one version',
})

function asBytes(body: string | Uint8Array): Uint8Array {
  return typeof body === 'string' ? Buffer.from(body) : body
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

/** What the prelude needs to know to call the agent. */
function startRequest({ entry, context, seed, limits, mainBytes }: RunMessage, body: Uint8Array): string {
  const input = Buffer.from(body.subarray(mainBytes)).toString('utf8')
  return JSON.stringify({ entry, context, seed, limits, input })
}

/** What a thawed agent needs to know: where it is, and what it waited for. */
function arrivalRequest({ context, seed }: RunMessage, { copy, answers = [] }: Resume, waiting: Waiting): string {
  if (waiting.kind !== 'scatter') {
    const settled = waiting.kind === 'hop' ? [[waiting.call, '']] : []
    return JSON.stringify({ context, settled })
  }
  const { calls } = waiting
  if (copy !== undefined) return JSON.stringify({ context, settled: [], copy: { entry: calls[copy]!.entry, seed } })
  const told = calls.map(({ to }, index) => explainLoss(answers[index] ?? { kind: 'lost', reason: 'failed' }, to))
  return JSON.stringify({ context, settled: calls.map(({ call }, index) => [call, JSON.stringify(told[index])]) })
}

function explainLoss(answer: CopyAnswer, to: string): object {
  if (answer.kind !== 'lost') return answer
  const why = {
    unreachable: `${to} could not be reached`,
    refused: `${to} did not let the copy in`,
    failed: `the copy was lost in ${to}`,
  }
  return { kind: 'lost', message: why[answer.reason] }
}
