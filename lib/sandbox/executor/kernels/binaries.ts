import type { KernelError } from '../../../errors.ts'
import { MAX_SOURCE_BYTES } from '../../../kernels/language.ts'
import type { KernelSource } from '../../wire/kernel-source.ts'
import type { Send } from '../send.ts'
import { notAllowed, tooLong } from './refusals.ts'

interface Request {
  readonly resolve: (binary: Uint8Array) => void
  readonly reject: (error: KernelError) => void
}

/** Requests binaries from the sandbox, which has those of the bundle and can have source compiled. */
export class Binaries {
  readonly #send: Send
  readonly #compiles: boolean
  readonly #requests = new Map<number, Request>()
  #lastRequest = 0

  /** @param compiles whether the agent may use code that is not in its bundle */
  constructor(send: Send, compiles: boolean) {
    this.#send = send
    this.#compiles = compiles
  }

  /** @throws KernelError `KERNEL_NOT_ALLOWED`, `KERNEL_TOO_LARGE`, or the error that the sandbox reports */
  async of(source: KernelSource): Promise<Uint8Array> {
    if (source.from === 'bundle') return this.#ask((call) => this.#send({ type: 'kernel', call, name: source.name }))
    if (!this.#compiles) throw notAllowed(source)
    if (source.from === 'binary') return Buffer.from(source.base64, 'base64')
    const text = Buffer.from(source.text)
    if (text.length > MAX_SOURCE_BYTES) throw tooLong(text.length, MAX_SOURCE_BYTES)
    return this.#ask((call) => this.#send({ type: 'compile', call, language: 'c' }, text))
  }

  /** Receives the sandbox's answer to a request. */
  onAnswer(request: number, answer: Uint8Array | KernelError): void {
    const { resolve, reject } = this.#requests.get(request) ?? {}
    this.#requests.delete(request)
    if (answer instanceof Error) reject?.(answer)
    else resolve?.(answer)
  }

  #ask(send: (call: number) => void): Promise<Uint8Array> {
    const call = ++this.#lastRequest
    const answer = new Promise<Uint8Array>((resolve, reject) => this.#requests.set(call, { resolve, reject }))
    send(call)
    return answer
  }
}
