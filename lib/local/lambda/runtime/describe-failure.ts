/** An error of a function, as the Runtime API and the invoker get it. */
export interface Failure {
  readonly errorType: string
  readonly errorMessage: string
  /** The lines of the stack, if there is one. */
  readonly trace?: readonly string[]
}

/** The failure for any thrown value. */
export function describeFailure(thrown: unknown): Failure {
  if (!(thrown instanceof Error)) return { errorType: typeof thrown, errorMessage: String(thrown), trace: [] }
  const { name, message, stack } = thrown
  return { errorType: String(name), errorMessage: String(message), trace: String(stack ?? '').split('\n') }
}

/** The error type in a form that is valid in a header, because an error can have any name. */
export function typeHeader(failure: Failure): string {
  return failure.errorType.replace(/[^\x20-\x7e]/g, '?').slice(0, 256)
}

/** A failure of the runtime itself, such as `Runtime.ImportModuleError`. The type is its name. */
export class RuntimeFailure extends Error {
  constructor(type: string, message: string, cause?: unknown) {
    super(message, { cause })
    this.name = `Runtime.${type}`
    if (cause instanceof Error && cause.stack !== undefined) this.stack = cause.stack
  }
}
