/**
 * Calls to the host. Each call has a number, by which the host settles it at once or later. Promises never leave this
 * heap, so a restored agent needs nothing from outside but the host function.
 */
import { type KernelCode, KernelError, type ObjectCode, ObjectError } from '../../errors.ts'
import { create, defineProperty, ErrorClass, head, PromiseClass, parse, stringify } from './captured.ts'
import { type HostFunction, host } from './host.ts'

/** The result of a call. If both are absent, there is nothing more to read. */
export interface CallReply {
  readonly text: string | undefined
  readonly bytes: ArrayBuffer | undefined
}

interface Call {
  reply?: CallReply
  error?: Error
  resolve?: (reply: CallReply) => void
  reject?: (error: Error) => void
  /** The stack of the call. When the host answers later, the agent's functions are no longer on the stack. */
  stack?: string | undefined
}

const calls: Record<number, Call> = create(null)
let lastNumber = 0

/** A new number, for a call or for something that lives longer, such as a stream. */
export function nextNumber(): number {
  return ++lastNumber
}

/**
 * Calls the host. Returns the reply itself if the host has it ready, else a promise: a loop over buffered data never
 * has to await.
 */
export function call(name: string, request = '', bytes?: Uint8Array): CallReply | Promise<CallReply> {
  const number = nextNumber()
  const pending: Call = {}
  calls[number] = pending
  inPlace()(name, number, request, bytes)
  if (pending.error !== undefined) throw pending.error
  if (pending.reply !== undefined) return pending.reply
  pending.stack = new ErrorClass().stack
  return new PromiseClass<CallReply>((resolve, reject) => {
    pending.resolve = resolve
    pending.reject = reject
  })
}

/** Calls the host without a reply. @throws Error outside of a place */
export function tell(name: string, request: string, number = 0): void {
  inPlace()(name, number, request)
}

function inPlace(): HostFunction {
  if (host === undefined) throw new ErrorClass('this works only in a place; run the agent with `lander run`')
  return host
}

/** Settles a call with the host's answer. */
export function settle(number: number, ok: boolean, text: string | undefined, bytes: ArrayBuffer | undefined): void {
  const pending = calls[number]
  if (pending === undefined) return
  delete calls[number]
  if (ok) {
    pending.reply = { text, bytes }
    pending.resolve?.(pending.reply)
  } else {
    pending.error = errorFrom(text, pending.stack)
    pending.reject?.(pending.error)
  }
}

function errorFrom(text: string | undefined, stack: string | undefined): Error {
  const { code, message } = parse(text ?? stringify({ code: 'STORE_FAILED', message: '' }))
  const error =
    head(code, 7) === 'KERNEL_'
      ? new KernelError(code as KernelCode, message)
      : new ObjectError(code as ObjectCode, message)
  if (stack !== undefined) withStack(error, stack)
  return error
}

/** Gives an error the stack of the place where the agent made the call. */
export function withStack<E extends Error>(error: E, stack: unknown): E {
  return defineProperty(error, 'stack', { value: stack, writable: true, configurable: true, enumerable: false })
}
