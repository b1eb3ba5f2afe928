import { type ObjectCode, ObjectError } from '../errors.ts'
import type { ObjectRef } from './store.ts'

/** Whether an error is an ObjectError with this code. */
export function hasCode(error: unknown, code: ObjectCode): boolean {
  return error instanceof ObjectError && error.code === code
}

export function objectNotFound({ bucket, key }: ObjectRef, cause?: unknown): ObjectError {
  return new ObjectError('OBJECT_NOT_FOUND', `there is no object "${key}" in bucket "${bucket}"`, {
    remedy: 'check the key, or list the bucket to see its keys',
    cause,
  })
}

export function bucketNotFound(bucket: string, cause?: unknown): ObjectError {
  return new ObjectError('BUCKET_NOT_FOUND', `there is no bucket "${bucket}"`, {
    remedy: 'check the name of the bucket',
    cause,
  })
}

export function objectChanged({ bucket, key }: ObjectRef, cause?: unknown): ObjectError {
  return new ObjectError('OBJECT_CHANGED', `object "${bucket}/${key}" changed since it was listed or opened`, {
    remedy: 'list or open the object again to read its new version',
    cause,
  })
}

/** @param size the object's size in bytes, if it is known */
export function rangeInvalid(
  request: ObjectRef & { readonly start: number; readonly end: number },
  size?: number,
  cause?: unknown,
): ObjectError {
  const { bucket, key, start, end } = request
  const place = size === undefined ? 'a range of' : `within the ${size} bytes of`
  return new ObjectError('OBJECT_RANGE_INVALID', `[${start}, ${end}) is not ${place} object "${bucket}/${key}"`, {
    remedy: 'read whole bytes from 0 to at most the size that stat reports',
    cause,
  })
}
