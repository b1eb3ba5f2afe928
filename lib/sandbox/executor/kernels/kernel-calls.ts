import type { CallReply } from '../../engine/call-reply.ts'
import type { HostCall } from '../../engine/machine.ts'
import type { HeldAnswer } from '../../wire/held-answer.ts'
import { faultOf } from '../fault.ts'
import { settleHeld } from '../held-answers.ts'
import type { Settle } from '../send.ts'
import type { Kernels } from './kernels.ts'
import type { WorkerCalls } from './worker-calls.ts'

export interface KernelCallsOptions {
  readonly kernels: Kernels
  readonly workers: WorkerCalls
  readonly settle: Settle
  /** Whether the place evicts the agent. Answers then travel with it. */
  readonly evicting: () => boolean
  /** Called after an answer, so that the run checks what the guest does next. */
  readonly resume: () => void
}

/** Answers the guest's calls about kernels: at once, or after a kernel has been linked. */
export class KernelCalls {
  readonly #options: KernelCallsOptions
  readonly #handlers: ReadonlyMap<string, (call: number, request: string, bytes: Uint8Array | undefined) => void>
  readonly #held: HeldAnswer[] = []
  #waiting = 0

  constructor(options: KernelCallsOptions) {
    this.#options = options
    const { kernels, workers } = options
    this.#handlers = new Map([
      ['import-kernel', (call, request) => this.#now(call, () => ({ text: kernels.declare(request) }))],
      ['kernel-fault', (call) => this.#refuse(call, kernels.fault())],
      ['worker-call', (call, request, bytes) => this.#later(call, () => workers.call(request, bytes))],
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

  /** Answers that travel with the agent and are settled where it lands. */
  get held(): readonly HeldAnswer[] {
    return this.#held
  }

  /** Settles the held answers, because the agent stays after all. */
  release(): void {
    settleHeld(this.#options.settle, this.#held.splice(0))
  }

  readonly onHostCall: HostCall = (name, call, request, bytes) => this.#handlers.get(name)?.(call, request, bytes)

  #now(call: number, answer: () => CallReply): void {
    try {
      this.#options.settle(call, true, answer())
    } catch (error) {
      this.#refuse(call, faultOf(error))
    }
  }

  #later(call: number, answer: () => Promise<CallReply>): void {
    this.#waiting++
    answer().then(
      (reply) => this.#answer({ call, ok: true }, reply),
      (error) => this.#answer({ call, ok: false }, { text: JSON.stringify(faultOf(error)) }),
    )
  }

  #answer(settled: Pick<HeldAnswer, 'call' | 'ok'>, { text, bytes }: CallReply): void {
    this.#waiting--
    if (this.#options.evicting()) this.#held.push({ ...settled, text, base64: bytes && base64Of(bytes) })
    else
      this.#options.settle(settled.call, settled.ok, { ...(text !== undefined && { text }), ...(bytes && { bytes }) })
    this.#options.resume()
  }

  #refuse(call: number, fault: object): void {
    this.#options.settle(call, false, { text: JSON.stringify(fault) })
  }
}

function base64Of(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}
