import type { HostCall, Reply } from '../machine.ts'
import type { Chunks } from './chunks.ts'
import { faultOf, type Kernels } from './kernels/kernels.ts'
import type { Settle } from './messages.ts'

export interface KernelCallsOptions {
  readonly kernels: Kernels
  readonly chunks: Chunks
  readonly settle: Settle
  /** Whether the place wants the agent to go: what is answered now has to travel. */
  readonly leaving: () => boolean
  /** The guest is to be looked after: something has been answered, or will be where it lands. */
  readonly resume: () => void
}

/** An answer that came while the agent was about to leave. */
export interface HeldAnswer {
  readonly call: number
  readonly ok: boolean
  readonly text?: string | undefined
}

/** What a guest asks about kernels and chunks, and how it is answered: at once, or when a kernel is linked. */
export class KernelCalls {
  readonly #options: KernelCallsOptions
  readonly #handlers: ReadonlyMap<string, (call: number, request: string, bytes: Uint8Array | undefined) => void>
  readonly #held: HeldAnswer[] = []
  #waiting = 0

  constructor(options: KernelCallsOptions) {
    this.#options = options
    const { kernels, chunks } = options
    this.#handlers = new Map([
      ['import-kernel', (call, request) => this.#now(call, () => ({ text: kernels.declare(request) }))],
      ['kernel-fault', (call) => this.#refuse(call, kernels.fault())],
      ['chunk-bytes', (call, request) => this.#now(call, () => ({ bytes: chunks.get(Number(request)) }))],
      [
        'link-kernel',
        (call, request, bytes) => this.#later(call, async () => ({ text: await kernels.define(request, bytes) })),
      ],
    ])
  }

  /** Whether a call waits for a kernel. */
  get waiting(): boolean {
    return this.#waiting > 0
  }

  /** Answers that travel with the agent, for it to have them where it lands. */
  get held(): readonly HeldAnswer[] {
    return this.#held
  }

  /** @returns whether it was a call for here */
  readonly onHostCall = (...[name, call, request, bytes]: Parameters<HostCall>): boolean => {
    const handler = this.#handlers.get(name)
    handler?.(call, request, bytes)
    return handler !== undefined
  }

  #now(call: number, answer: () => Reply): void {
    try {
      this.#options.settle(call, true, answer())
    } catch (error) {
      this.#refuse(call, faultOf(error))
    }
  }

  #later(call: number, answer: () => Promise<Reply>): void {
    this.#waiting++
    answer().then(
      ({ text }) => this.#answer({ call, ok: true, text }),
      (error) => this.#answer({ call, ok: false, text: JSON.stringify(faultOf(error)) }),
    )
  }

  #answer(answer: HeldAnswer): void {
    this.#waiting--
    if (this.#options.leaving()) this.#held.push(answer)
    else settleHeld(this.#options.settle, [answer])
    this.#options.resume()
  }

  #refuse(call: number, fault: object): void {
    this.#options.settle(call, false, { text: JSON.stringify(fault) })
  }
}

/** Gives answers to the guest. */
export function settleHeld(settle: Settle, answers: readonly HeldAnswer[]): void {
  for (const { call, ok, text } of answers) settle(call, ok, text === undefined ? {} : { text })
}
