/** How a function's error travels: the body of the Runtime API's error calls and of an invoker's error payload. */
export interface Failure {
  readonly errorType: string
  readonly errorMessage: string
  /** Stack lines, where there is a stack. */
  readonly trace?: readonly string[]
}

/** What anything that was thrown says about itself. */
export function describeFailure(thrown: unknown): Failure {
  if (!(thrown instanceof Error)) return { errorType: typeof thrown, errorMessage: String(thrown), trace: [] }
  const { name, message, stack } = thrown
  return { errorType: String(name), errorMessage: String(message), trace: String(stack ?? '').split('\n') }
}

/** The type as a header may carry it: anyone can name an error anything. */
export function typeHeader(failure: Failure): string {
  return failure.errorType.replace(/[^\x20-\x7e]/g, '?').slice(0, 256)
}

/** A failure of the runtime itself, such as `Runtime.ImportModuleError`: the type stands in for the error's name. */
export class RuntimeFailure extends Error {
  constructor(type: string, message: string, cause?: unknown) {
    super(message, { cause })
    this.name = `Runtime.${type}`
    if (cause instanceof Error && cause.stack !== undefined) this.stack = cause.stack
  }
}
