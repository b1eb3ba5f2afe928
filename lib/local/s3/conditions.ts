import { AwsError } from '../http/aws-error.ts'
import type { StoredObject } from './records.ts'

/** The conditions of a request, as header fields. */
export interface Conditions {
  readonly ifMatch?: string | undefined
  readonly ifNoneMatch?: string | undefined
  readonly ifModifiedSince?: string | undefined
  readonly ifUnmodifiedSince?: string | undefined
}

/** Reads the conditions of a request. @param prefix `x-amz-copy-source-` for the source of a copy */
export function readConditions(headers: Readonly<Record<string, string>>, prefix = ''): Conditions {
  return {
    ifMatch: headers[`${prefix}if-match`],
    ifNoneMatch: headers[`${prefix}if-none-match`],
    ifModifiedSince: headers[`${prefix}if-modified-since`],
    ifUnmodifiedSince: headers[`${prefix}if-unmodified-since`],
  }
}

/**
 * Decides a conditional read, in the order of RFC 9110 §13.2.2.
 *
 * @throws AwsError `PreconditionFailed`.
 */
export function decideRead(conditions: Conditions, object: StoredObject): 'send' | 'not-modified' {
  const { ifMatch, ifNoneMatch } = conditions
  const since = parseDate(conditions.ifModifiedSince)
  if (ifMatch !== undefined) {
    if (!matches(ifMatch, object.etag)) throw preconditionFailed('If-Match')
  } else if (isAfter(object, parseDate(conditions.ifUnmodifiedSince))) throw preconditionFailed('If-Unmodified-Since')

  if (ifNoneMatch !== undefined) return matches(ifNoneMatch, object.etag) ? 'not-modified' : 'send'
  return since === undefined || isAfter(object, since) ? 'send' : 'not-modified'
}

/**
 * Checks the condition of a write. S3 supports `If-None-Match: *` and `If-Match: etag`.
 *
 * @throws AwsError `PreconditionFailed`; `NoSuchKey` if there is no object to match; `NotImplemented`
 */
export function requireWritable({ ifMatch, ifNoneMatch }: Conditions, existing: StoredObject | undefined): void {
  if (ifNoneMatch !== undefined && ifNoneMatch !== '*')
    throw new AwsError('NotImplemented', 'If-None-Match of a write must be "*"')
  if (ifNoneMatch !== undefined && existing !== undefined) throw preconditionFailed('If-None-Match')
  if (ifMatch === undefined) return
  if (existing === undefined) throw new AwsError('NoSuchKey', 'The specified key does not exist.')
  if (!matches(ifMatch, existing.etag)) throw preconditionFailed('If-Match')
}

/** Whether a list of entity tags, quoted or not, or `*`, matches. */
function matches(list: string, etag: string): boolean {
  return list.split(',').some((tag) => ['*', etag, `"${etag}"`, `W/"${etag}"`].includes(tag.trim()))
}

/** Whether an object was modified after a date, in whole seconds as in HTTP; `false` without a date. */
function isAfter({ modifiedAt }: StoredObject, date: number | undefined): boolean {
  return date !== undefined && Math.floor(modifiedAt / 1000) * 1000 > date
}

/** Parses a date. An invalid date is ignored (RFC 9110 §13.1.3). */
function parseDate(header: string | undefined): number | undefined {
  const date = Date.parse(header ?? '')
  return Number.isNaN(date) ? undefined : date
}

function preconditionFailed(condition: string): AwsError {
  return new AwsError('PreconditionFailed', 'At least one of the pre-conditions you specified did not hold', {
    fields: { Condition: condition },
  })
}
