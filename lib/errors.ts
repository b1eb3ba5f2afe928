/**
 * Every error that Lander reports is a {@link LanderError}. It has a stable code for programs, a message with the fact
 * and the value for people, and a remedy. There is one subclass for each situation. The situation sets the exit code of
 * the CLI and the class of the error after it crossed the wire, so no other code compares error codes for that.
 *
 * An agent's failure is not a LanderError. It is an outcome, and outcomes are values.
 */

/** What kind of error it is, from the caller's point of view. */
export type Situation = 'usage' | 'refused' | 'object' | 'kernel' | 'unreachable' | 'internal'

/** Why a region refused a bundle or an order. Messages of refusals are terse, so that an attacker learns nothing. */
export type RefusalCode =
  | 'VERSION_UNSUPPORTED'
  | 'REQUEST_MALFORMED'
  | 'REQUEST_TOO_LARGE'
  | 'BUNDLE_MALFORMED'
  | 'BUNDLE_TRUNCATED'
  | 'BUNDLE_TOO_LARGE'
  | 'BUNDLE_NOT_FOUND'
  | 'ENVELOPE_MALFORMED'
  | 'SIGNATURE_MISSING'
  | 'SIGNATURE_INVALID'
  | 'KEY_UNKNOWN'
  | 'KEY_INVALID'
  | 'KEY_REVOKED'
  | 'KEY_EXPIRED'
  | 'MANIFEST_MALFORMED'
  | 'ORDER_MALFORMED'
  | 'ORDER_MISMATCH'
  | 'DIGEST_MISMATCH'
  | 'ENGINE_MISMATCH'
  | 'WRONG_FLEET'
  | 'WRONG_REGION'
  | 'NOT_YET_VALID'
  | 'EXPIRED'
  | 'POLICY_MALFORMED'
  | 'POLICY_DENIED'
  | 'REPLAYED'
  | 'SUPERSEDED'
  | 'LANDING_BUSY'
  | 'CANCELLED'
  | 'RECEIPT_MALFORMED'
  | 'RECEIPT_CHAIN_BROKEN'
  | 'RECEIPT_MISMATCH'
  | 'REPLY_MISMATCH'
  | 'SECRET_MALFORMED'
  | 'EPOCH_UNKNOWN'
  | 'STATE_NOT_FOUND'
  | 'STATE_MALFORMED'
  | 'STATE_TOO_LARGE'
  | 'STATE_MISMATCH'
  | 'STATE_STALE'
  | 'STATE_EXPIRED'
  | 'STATE_INVALID'
  | 'KERNEL_MALFORMED'
  | 'KERNEL_MISMATCH'

/** Errors about objects and buckets. The agent gets them as errors with the same code. */
export type ObjectCode =
  | 'OBJECT_NOT_FOUND'
  | 'OBJECT_CHANGED'
  | 'OBJECT_OUT_OF_SCOPE'
  | 'OBJECT_FORBIDDEN'
  | 'OBJECT_RANGE_INVALID'
  | 'OBJECT_FORMAT_INVALID'
  | 'OBJECT_LEFT_BEHIND'
  | 'BUCKET_NOT_FOUND'
  | 'BUCKET_ELSEWHERE'
  | 'STORE_FAILED'

/** Errors about kernels. The agent gets them as errors with the same code. */
export type KernelCode =
  | 'KERNEL_COMPILE_FAILED'
  | 'KERNEL_MALFORMED'
  | 'KERNEL_NOT_ALLOWED'
  | 'KERNEL_PROTOTYPE'
  | 'KERNEL_TRAPPED'
  | 'KERNEL_MEMORY'
  | 'KERNEL_TIMEOUT'
  | 'KERNEL_TOO_LARGE'
  | 'KERNEL_UNKNOWN'
  | 'KERNEL_UNREACHABLE'
  | 'KERNEL_BUSY'

export type UsageCode =
  | 'USAGE'
  | 'FILE_NOT_FOUND'
  | 'FILE_EXISTS'
  | 'FILE_UNUSABLE'
  | 'CONFIG_INVALID'
  | 'INPUT_INVALID'
  | 'AGENT_INVALID'
  | 'KEY_FILE_INVALID'
  | 'URI_INVALID'
  | 'SIZE_INVALID'
  | 'PROBLEM_INVALID'
  | 'NO_OBJECTS'
  | 'REGION_UNKNOWN'
  | 'PRICE_UNKNOWN'
  | 'LIMIT_REACHED'
  | 'MISSION_UNKNOWN'
  | 'MISSION_UNDER_WAY'
  | 'LOCAL_RUNNING'
  | 'LOCAL_NOT_RUNNING'
  | 'PACKAGE_MISSING'

export type UnreachableCode =
  | 'REGION_UNREACHABLE'
  | 'FUNCTION_FAILED'
  | 'FUNCTION_NOT_FOUND'
  | 'UPLOAD_FAILED'
  | 'STATE_LOST'
  | 'REPLY_MALFORMED'
  | 'SECRET_UNAVAILABLE'
  | 'BROKER_FAILED'
  | 'CLOCK_SKEW'
  | 'TLS_FAILED'
  | 'REGIONS_DIFFER'

export interface ErrorDetails {
  /** What the reader can do, as an imperative clause: `pass --key with a file from lander keygen`. */
  readonly remedy?: string
  readonly cause?: unknown
}

/** The base class of all errors. `message` states the fact and the value, and never has keys, code or object contents. */
export abstract class LanderError extends Error {
  abstract readonly situation: Situation
  readonly code: string
  readonly remedy: string | undefined

  constructor(code: string, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.remedy = details.remedy
  }
}

/** The caller used a command or a function wrongly. Exit code 2. */
export class UsageError extends LanderError {
  override readonly name = 'UsageError'
  readonly situation = 'usage'
  declare readonly code: UsageCode
  constructor(code: UsageCode, message: string, details?: ErrorDetails) {
    super(code, message, details)
  }
}

/** A region, or a verifier of receipts and policies, refused a document. Exit code 3. */
export class RefusedError extends LanderError {
  override readonly name = 'RefusedError'
  readonly situation = 'refused'
  declare readonly code: RefusalCode
  constructor(code: RefusalCode, message: string, details?: ErrorDetails) {
    super(code, message, details)
  }
}

/** An object or a bucket is missing, in another region, changed, or out of scope. Exit code 4. */
export class ObjectError extends LanderError {
  override readonly name = 'ObjectError'
  readonly situation = 'object'
  declare readonly code: ObjectCode
  constructor(code: ObjectCode, message: string, details?: ErrorDetails) {
    super(code, message, details)
  }
}

/** A kernel does not compile, breaks a rule for kernels, or failed while it ran. Exit code 2. */
export class KernelError extends LanderError {
  override readonly name = 'KernelError'
  readonly situation = 'kernel'
  declare readonly code: KernelCode
  constructor(code: KernelCode, message: string, details?: ErrorDetails) {
    super(code, message, details)
  }
}

/** A region or its function could not be reached, or its answer is invalid. Exit code 4. */
export class UnreachableError extends LanderError {
  override readonly name = 'UnreachableError'
  readonly situation = 'unreachable'
  declare readonly code: UnreachableCode
  constructor(code: UnreachableCode, message: string, details?: ErrorDetails) {
    super(code, message, details)
  }
}

/** A defect of Lander or of its deployment. Exit code 1. */
export class InternalError extends LanderError {
  override readonly name = 'InternalError'
  readonly situation = 'internal'
  constructor(message: string, details?: ErrorDetails) {
    super('INTERNAL', message, details)
  }
}

/** An error as it is sent. It has no stack and no cause, because both can contain private data. */
export interface WireError {
  readonly code: string
  readonly situation: Situation
  readonly message: string
  readonly remedy?: string
}

/** Converts an error to the form that is sent. Any other error becomes `INTERNAL` without its text. */
export function toWireError(error: unknown): WireError {
  if (!(error instanceof LanderError))
    return { code: 'INTERNAL', situation: 'internal', message: 'an internal error occurred' }
  const { code, situation, message, remedy } = error
  return remedy === undefined ? { code, situation, message } : { code, situation, message, remedy }
}

/** Converts a received error to its class, so that callers handle local and remote errors alike. */
export function fromWireError({ code, situation, message, remedy }: WireError): LanderError {
  const details = remedy === undefined ? {} : { remedy }
  switch (situation) {
    case 'usage':
      return new UsageError(code as UsageCode, message, details)
    case 'refused':
      return new RefusedError(code as RefusalCode, message, details)
    case 'object':
      return new ObjectError(code as ObjectCode, message, details)
    case 'kernel':
      return new KernelError(code as KernelCode, message, details)
    case 'unreachable':
      return new UnreachableError(code as UnreachableCode, message, details)
    case 'internal':
      return new InternalError(message, details)
  }
}
