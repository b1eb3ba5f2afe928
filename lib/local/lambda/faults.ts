import { AwsError } from '../http/aws-error.ts'

/**
 * An error of the Lambda service, not of a function: the request was invalid or is not allowed now. The shapes are those of
 * the Lambda API (model 2015-03-31), from which the SDKs create their exception classes.
 */
export class ServiceFault extends Error {
  readonly status: number
  readonly type: string
  /** Fields of the body beside `Type` and the message. */
  readonly details: Readonly<Record<string, string>>

  constructor(status: number, type: string, message: string, details: Readonly<Record<string, string>> = {}) {
    super(message)
    this.name = type
    this.status = status
    this.type = type
    this.details = details
  }
}

export function functionNotFound(arn: string): ServiceFault {
  return new ServiceFault(404, 'ResourceNotFoundException', `Function not found: ${arn}`)
}

export function functionElsewhere(there: string, here: string): ServiceFault {
  const message = `Functions from '${there}' are not reachable in this region ('${here}')`
  return new ServiceFault(404, 'ResourceNotFoundException', message)
}

export function invalidParameter(message: string): ServiceFault {
  return new ServiceFault(400, 'InvalidParameterValueException', message)
}

export function invalidContent(message: string): ServiceFault {
  return new ServiceFault(400, 'InvalidRequestContentException', message)
}

export function requestTooLarge(limitBytes: number): ServiceFault {
  const message = `Request must be smaller than ${limitBytes} bytes for the InvokeFunction operation`
  return new ServiceFault(413, 'RequestTooLargeException', message)
}

export type ThrottleReason = 'ReservedFunctionConcurrentInvocationLimitExceeded' | 'ConcurrentInvocationLimitExceeded'

export function throttled(reason: ThrottleReason): ServiceFault {
  return new ServiceFault(429, 'TooManyRequestsException', 'Rate Exceeded.', { Reason: reason })
}

export function unknownOperation(method: string, path: string): ServiceFault {
  return new ServiceFault(404, 'UnknownOperationException', `the local Lambda does not serve ${method} ${path}`)
}

/** Lambda's names for S3's codes of failed signature checks. */
const SIGNATURE_FAULTS: Readonly<Record<string, string>> = {
  AccessDenied: 'MissingAuthenticationTokenException',
  InvalidAccessKeyId: 'UnrecognizedClientException',
  SignatureDoesNotMatch: 'InvalidSignatureException',
  RequestTimeTooSkewed: 'InvalidSignatureException',
}

/** The fault for an error. An unexpected error becomes a 500 without its text. */
export function asServiceFault(error: unknown): ServiceFault {
  if (error instanceof ServiceFault) return error
  if (!(error instanceof AwsError)) return new ServiceFault(500, 'ServiceException', 'the local Lambda failed')
  const type = SIGNATURE_FAULTS[error.code] ?? 'IncompleteSignatureException'
  return new ServiceFault(type === 'IncompleteSignatureException' ? 400 : 403, type, error.message)
}
