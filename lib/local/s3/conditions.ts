import { AwsError } from '../http/aws-error.ts'
import type { StoredObject } from './records.ts'

/** The conditions of a request, as header fields. */
export interface Conditions {
  readonly ifMatch?: string | undefined
  readonly ifNoneMatch?: string | undefined
  readonly ifModifiedSince?: string | undefined
  readonly ifUnmodifiedSince?: string | undefined
}

/** @param prefix `x-amz-copy-source-` for those that concern the source of a copy. */
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
 * Lets a conditional write pass, or not. S3 knows two kinds: `If-None-Match: *` and `If-Match: etag`.
 *
 * @throws AwsError `PreconditionFailed`; `NoSuchKey`: nothing there that could match; `NotImplemented`.
 */
export function requireWritable({ ifMatch, ifNoneMatch }: Conditions, existing: StoredObject | undefined): void {
  if (ifNoneMatch !== undefined && ifNoneMatch !== '*')
    throw new AwsError('NotImplemented', 'If-None-Match of a write must be "*"')
  if (ifNoneMatch !== undefined && existing !== undefined) throw preconditionFailed('If-None-Match')
  if (ifMatch === undefined) return
  if (existing === undefined) throw new AwsError('NoSuchKey', 'The specified key does not exist.')
  if (!matches(ifMatch, existing.etag)) throw preconditionFailed('If-Match')
}

/** A list of entity tags, quoted or not, or `*`. */
function matches(list: string, etag: string): boolean {
  return list.split(',').some((tag) => ['*', etag, `"${etag}"`, `W/"${etag}"`].includes(tag.trim()))
}

/** HTTP dates have whole seconds. Nothing is after no date. */
function isAfter({ modifiedAt }: StoredObject, date: number | undefined): boolean {
  return date !== undefined && Math.floor(modifiedAt / 1000) * 1000 > date
}

/** A date that can't be read counts as none (RFC 9110 §13.1.3). */
function parseDate(header: string | undefined): number | undefined {
  const date = Date.parse(header ?? '')
  return Number.isNaN(date) ? undefined : date
}

function preconditionFailed(condition: string): AwsError {
  return new AwsError('PreconditionFailed', 'At least one of the pre-conditions you specified did not hold', {
    fields: { Condition: condition },
  })
}
