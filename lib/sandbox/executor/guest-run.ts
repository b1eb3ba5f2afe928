import * as v from 'valibot'
import { failureBytes } from '../failure.ts'
import { Machine, type MachineStop, type Reply } from '../machine.ts'
import {
  type EndKind,
  type FromExecutor,
  MAX_STREAMS,
  type RunMessage,
  STREAM_WINDOW,
  type StreamSource,
  streamSource,
} from '../protocol.ts'
import { type Format, Reader } from './readers/reader.ts'

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
  readonly text: string
  readonly healthy: boolean
}

type HostCallHandler = (id: number, request: string, bytes: Uint8Array | undefined) => void

const PAGE_BYTES = 65_536
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
  /** When the agent was called: for it, that moment is the job's `now`. */
  #arrivedAt = 0
  #sleeping = 0
  #machine: Machine | undefined
  #ending: Ending | undefined
  #reported = false

  constructor(options: GuestRunOptions) {
    this.#options = options
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
      ['return', (_id, request) => this.#return(request)],
      ['throw', (_id, request) => this.#throw(request)],
      ['stop', (_id, request) => this.#stop(request)],
    ])
  }

  /** Boots a machine, loads the agent and calls it. */
  async start(): Promise<void> {
    const { message, body, send } = this.#options
    send({ type: 'started' })
    this.#timer(message.limits.wallMs, () => this.#end('wallMs'))
    try {
      this.#machine = await this.#boot()
      this.#machine.load(Buffer.from(body.subarray(0, message.mainBytes)).toString('utf8'))
      this.#arrivedAt = performance.now()
      this.#machine.start(startRequest(message, body), message.now)
    } catch {
      // The prelude is known to work: what it can lack is memory.
      this.#end('memoryPages', '', false)
    }
    this.#afterGuest()
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
    if (this.#ending !== undefined) return
    const handler = this.#calls.get(name)
    if (handler === undefined) throw new Error(`there is no host call "${name}"`)
    handler(id, request, bytes)
  }

  #open(id: number, request: string): void {
    if (this.#readers.size >= MAX_STREAMS) throw new Error(`more than ${MAX_STREAMS} objects are open at once`)
    const { source, format } = JSON.parse(request) as { source: unknown; format: Format }
    if (!v.is(streamSource, source)) throw new Error('the name or the range of an object is malformed')
    this.#admitWhole(source, format)
    const { send } = this.#options
    this.#readers.set(id, new Reader(source, format, () => send({ type: 'pull', stream: id })))
    send({ type: 'open', stream: id, source })
    for (let pull = 1; pull < STREAM_WINDOW; pull++) send({ type: 'pull', stream: id })
  }

  /** A whole object waits here until it is complete, so it may not be larger than the guest's own memory. */
  #admitWhole(source: StreamSource, format: Format): void {
    if (source.from !== 'object' || (format.as !== 'bytes' && format.as !== 'text')) return
    const memory = this.#options.message.limits.memoryPages * PAGE_BYTES
    if (source.end - source.start > memory) throw new Error('the object does not fit into the memory of the agent')
  }

  #next(id: number, stream: number): void {
    const step = this.#readers.get(stream)?.next() ?? { kind: 'end' }
    if (step.kind === 'waiting') this.#waiting.set(stream, id)
    else if (step.kind === 'batch') this.#settle(id, true, step.batch)
    else if (step.kind === 'end') this.#settle(id, true, {})
    else this.#settle(id, false, { text: JSON.stringify({ code: step.code, message: step.message }) })
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
    if (this.#sleeping >= MAX_SLEEPS) throw new Error(`more than ${MAX_SLEEPS} timers are waiting at once`)
    this.#sleeping++
    this.#timer(Math.max(0, Math.min(ms || 0, this.#options.message.limits.wallMs)), () => {
      this.#sleeping--
      this.#settle(id, true, {})
    })
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
  #end(kind: EndKind, text = '', healthy = true): void {
    const late = healthy && this.#elapsed() > this.#options.message.limits.wallMs
    this.#ending ??= late ? { kind: 'wallMs', text: '', healthy } : { kind, text, healthy }
  }

  /** The guest is idle: it has ended, it waits for something under way, or it will wait for ever. */
  #afterGuest(): void {
    if (this.#ending === undefined && this.#waiting.size === 0 && this.#sleeping === 0) this.#end('failed', STALLED)
    if (this.#ending === undefined || this.#reported) return
    this.#reported = true
    for (const timer of this.#timers) clearTimeout(timer)
    const { kind, text, healthy } = this.#ending
    const memoryPages = this.#machine?.memoryPages ?? 0
    this.#machine?.dispose()
    this.#options.send({ type: 'end', kind, memoryPages, healthy }, Buffer.from(text))
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
    return Math.floor(this.#options.message.now + performance.now() - this.#arrivedAt)
  }
}

const STALLED = JSON.stringify({
  code: 'AGENT_STALLED',
  name: 'Error',
  message: 'the agent waits for a promise that nothing can settle any more',
})

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
