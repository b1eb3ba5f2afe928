/** Rebuilds the error of a copy: class, name, message, code and stack. */
import { KernelError, ObjectError } from './calls.ts'
import { create, defineProperty, ErrorClass } from './captured.ts'
import { PlaceError } from './place-error.ts'

/** An error as it travels: only texts. */
export interface AgentErrorText {
  readonly code: string
  readonly name?: string
  readonly message?: string
  readonly stack?: string
}

const CLASSES: Record<string, { readonly prototype: Error }> = Object.assign(create(null), {
  KernelError,
  ObjectError,
  PlaceError,
  TypeError,
  RangeError,
  SyntaxError,
  ReferenceError,
  EvalError,
  URIError,
})

export function rebuildError({ code, name = 'Error', message = '', stack }: AgentErrorText): Error {
  const error = new ErrorClass(message)
  const known = CLASSES[name]
  if (known !== undefined) Object.setPrototypeOf(error, known.prototype)
  describe(error, 'name', name)
  if (code !== 'AGENT_THREW') describe(error, 'code', code)
  if (stack !== undefined) describe(error, 'stack', stack)
  return error
}

function describe(error: Error, property: string, value: string): void {
  defineProperty(error, property, { value, writable: true, configurable: true, enumerable: false })
}
