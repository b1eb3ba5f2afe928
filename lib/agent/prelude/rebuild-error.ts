/** Rebuilds the error of a copy: class, name, message, code and stack. */
import { type KernelCode, KernelError, type ObjectCode, ObjectError } from '../../errors.ts'
import { create, defineProperty, ErrorClass } from './captured.ts'
import { PlaceError } from './place-error.ts'

/** An error as it travels: only texts. */
export interface AgentErrorText {
  readonly code: string
  readonly name?: string
  readonly message?: string
  readonly stack?: string
}

/** Errors with a code of the host. */
const CODED: Record<string, (code: string, message: string) => Error> = Object.assign(create(null), {
  KernelError: (code: KernelCode, message: string) => new KernelError(code, message),
  ObjectError: (code: ObjectCode, message: string) => new ObjectError(code, message),
  PlaceError: (code: PlaceError['code'], message: string) => new PlaceError(code, message),
})

/** The other classes that the engine or an agent may throw. */
const PLAIN: Record<string, { readonly prototype: Error }> = Object.assign(create(null), {
  TypeError,
  RangeError,
  SyntaxError,
  ReferenceError,
  EvalError,
  URIError,
})

export function rebuildError({ code, name = 'Error', message = '', stack }: AgentErrorText): Error {
  const error = CODED[name]?.(code, message) ?? plainError(name, message)
  describe(error, 'name', name)
  if (code !== 'AGENT_THREW') describe(error, 'code', code)
  if (stack !== undefined) describe(error, 'stack', stack)
  return error
}

function plainError(name: string, message: string): Error {
  const error = new ErrorClass(message)
  const known = PLAIN[name]
  if (known !== undefined) Object.setPrototypeOf(error, known.prototype)
  return error
}

function describe(error: Error, property: string, value: string): void {
  defineProperty(error, property, { value, writable: true, configurable: true, enumerable: false })
}
