import { Machine, type MachineStop, type Reply } from '../machine.ts'
import {
  type EndKind,
  type FromExecutor,
  MAX_STREAMS,
  type RunMessage,
  STREAM_WINDOW,
  type StreamSource,
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

const PAGE_BYTES = 65_536

/**
 * One run, in the executor's thread: the machine, the streams it reads, and the calls it waits for. The checks here
 * are the first wall only; the sandbox counts everything again on its side of the pipe.
 */
export class GuestRun {
  readonly #options: GuestRunOptions
  readonly #startedAt = performance.now()
  readonly #readers = new Map<number, Reader>()
  /** Calls the guest waits for: `next` calls by reader, and sleeps. */
  readonly #waiting = new Map<number, number>()
  readonly #timers = new Set<NodeJS.Timeout>()
  #machine: Machine | undefined
  #ended = false

  constructor(options: GuestRunOptions) {
    this.#options = options
  }

  async start(): Promise<void> {
    const { engine, prelude, message, body } = this.#options
    const { limits } = message
    this.#options.send({ type: 'started' })
    this.#timer(limits.wallMs, () => this.#end('wallMs'))
    const machine = await Machine.boot({
      engine,
      prelude,
      memoryPages: limits.memoryPages,
      compiles: message.compiles,
      requestLength: 32_768 + limits.resultBytes + limits.logBytes + limits.errorBytes * 8,
      hostCall: (name, id, request, bytes) => this.#onHostCall(name, id, request, bytes),
      expired: () => this.#elapsed() > limits.wallMs,
      onStop: (stop) => this.#onStop(stop),
    })
    this.#machine = machine
    machine.load(Buffer.from(body.subarray(0, message.mainBytes)).toString('utf8'))
    if (!this.#ended) machine.start(startRequest(message, body), this.#now())
    this.#endIfStalled()
  }

  onChunk(stream: number, bytes: Uint8Array, last: boolean): void {
    this.#readers.get(stream)?.push(bytes, last)
    this.#answer(stream)
  }

  onFault(stream: number, code: string, message: string): void {
    this.#readers.get(stream)?.fail(code, message)
    this.#answer(stream)
  }

  get ended(): boolean {
    return this.#ended
  }

  #onHostCall(name: string, id: number, request: string, bytes: Uint8Array | undefined): void {
    if (this.#ended) return
    switch (name) {
      case 'open':
        return this.#open(id, request)
      case 'next':
        return this.#next(id, Number(request))
      case 'close':
        return this.#close(Number(request))
      case 'sleep':
        return this.#sleep(id, Number(request))
      case 'log':
        return this.#options.send({ type: 'log' }, Buffer.from(request))
      case 'progress':
        return this.#progress(Number(request))
      case 'encode-utf8':
        return this.#settle(id, true, { bytes: Buffer.from(request) })
      case 'decode-utf8':
        return this.#settle(id, true, decodeText(bytes, request === 'fatal'))
      case 'return':
        return this.#end('completed', request)
      case 'throw':
        return this.#end('failed', request)
      case 'withhold':
        return this.#end(request === 'logBytes' ? 'logBytes' : 'resultBytes')
      default:
        throw new Error(`there is no host call "${name}"`)
    }
  }

  #open(id: number, request: string): void {
    if (this.#readers.size >= MAX_STREAMS) throw new Error(`more than ${MAX_STREAMS} objects are open at once`)
    const { source, format } = JSON.parse(request) as { source: StreamSource; format: Format }
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
    const reader = this.#readers.get(stream)
    if (reader === undefined) return this.#settle(id, true, {})
    const step = reader.next()
    if (step.kind === 'waiting') this.#waiting.set(stream, id)
    else if (step.kind === 'fault')
      this.#settle(id, false, { text: JSON.stringify({ code: step.code, message: step.message }) })
    else this.#settle(id, true, step.kind === 'batch' ? step.batch : {})
  }

  /** Something arrived: if the guest waits for it, it goes on. */
  #answer(stream: number): void {
    const id = this.#waiting.get(stream)
    if (id === undefined || this.#ended) return
    this.#waiting.delete(stream)
    this.#next(id, stream)
    this.#endIfStalled()
  }

  #close(stream: number): void {
    if (this.#readers.delete(stream)) this.#options.send({ type: 'close', stream })
  }

  #sleep(id: number, ms: number): void {
    this.#waiting.set(-id, id)
    this.#timer(Math.max(0, Math.min(ms || 0, this.#options.message.limits.wallMs)), () => {
      this.#waiting.delete(-id)
      this.#settle(id, true, {})
      this.#endIfStalled()
    })
  }

  #progress(fraction: number): void {
    const percent = Math.floor(Math.max(0, Math.min(1, fraction || 0)) * 100)
    this.#options.send({ type: 'progress', fraction: percent / 100 })
  }

  #settle(id: number, ok: boolean, reply: Reply): void {
    this.#machine?.settle(id, ok, reply, this.#now())
  }

  /** The guest is idle and nothing it waits for is under way. */
  #endIfStalled(): void {
    if (this.#ended || this.#waiting.size > 0) return
    this.#end('failed', STALLED)
  }

  #onStop(stop: MachineStop): void {
    if (stop.kind === 'trapped') return this.#end('stack', undefined, false)
    this.#end(stop.kind === 'expired' ? 'wallMs' : 'memoryPages')
  }

  #end(kind: EndKind, text = '', healthy = true): void {
    if (this.#ended) return
    this.#ended = true
    for (const timer of this.#timers) clearTimeout(timer)
    const memoryPages = this.#machine?.memoryPages ?? 0
    this.#options.send({ type: 'end', kind, memoryPages, healthy }, Buffer.from(text))
  }

  #timer(ms: number, act: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      if (!this.#ended) act()
    }, ms)
    this.#timers.add(timer)
  }

  #elapsed(): number {
    return performance.now() - this.#startedAt
  }

  #now(): number {
    return Math.floor(this.#options.message.now + this.#elapsed())
  }
}

function decodeText(bytes: Uint8Array | undefined, fatal: boolean): Reply {
  try {
    return { text: new TextDecoder('utf-8', { fatal }).decode(bytes) }
  } catch {
    return {}
  }
}

const STALLED = JSON.stringify({
  code: 'AGENT_STALLED',
  name: 'Error',
  message: 'the agent waits for a promise that nothing can settle any more',
})

/** What the prelude needs to know to call the agent. */
function startRequest({ entry, context, seed, limits, mainBytes }: RunMessage, body: Uint8Array): string {
  const input = Buffer.from(body.subarray(mainBytes)).toString('utf8')
  return JSON.stringify({ entry, context, seed, limits, input })
}
