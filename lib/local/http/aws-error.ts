/**
 * Errors of the emulated AWS services, with AWS's own codes. They are not LanderErrors, because a client must get exactly
 * what AWS would send.
 */

/** AWS's error codes with their HTTP status (Amazon S3 API Reference, "Error responses"). */
const STATUS = {
  AccessDenied: 403,
  AuthorizationHeaderMalformed: 400,
  AuthorizationQueryParametersError: 400,
  BadDigest: 400,
  BucketAlreadyOwnedByYou: 409,
  BucketNotEmpty: 409,
  EntityTooLarge: 400,
  EntityTooSmall: 400,
  IllegalLocationConstraintException: 400,
  IncompleteBody: 400,
  InternalError: 500,
  InvalidAccessKeyId: 403,
  InvalidArgument: 400,
  InvalidBucketName: 400,
  InvalidDigest: 400,
  InvalidPart: 400,
  InvalidPartOrder: 400,
  InvalidRange: 416,
  InvalidRequest: 400,
  InvalidURI: 400,
  KeyTooLongError: 400,
  MalformedTrailerError: 400,
  MalformedXML: 400,
  MetadataTooLarge: 400,
  MethodNotAllowed: 405,
  MissingContentLength: 411,
  NoSuchBucket: 404,
  NoSuchKey: 404,
  NoSuchUpload: 404,
  NotImplemented: 501,
  PermanentRedirect: 301,
  PreconditionFailed: 412,
  RequestTimeTooSkewed: 403,
  SignatureDoesNotMatch: 403,
  XAmzContentSHA256Mismatch: 400,
} as const

export type AwsErrorCode = keyof typeof STATUS

export interface AwsErrorDetails {
  /** Further elements of the error document, by name. */
  readonly fields?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
  readonly cause?: unknown
}

/** An error that the local cloud sends to a client. */
export class AwsError extends Error {
  readonly code: AwsErrorCode
  readonly status: number
  readonly fields: Readonly<Record<string, string>>
  readonly headers: Readonly<Record<string, string>>

  constructor(code: AwsErrorCode, message: string, { fields = {}, headers = {}, cause }: AwsErrorDetails = {}) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'AwsError'
    this.code = code
    this.status = STATUS[code]
    this.fields = fields
    this.headers = headers
  }
}
