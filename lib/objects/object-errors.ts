import { type ObjectCode, ObjectError } from '../errors.ts'
import type { ObjectRef } from './store.ts'

export function hasCode(error: unknown, code: ObjectCode): boolean {
  return error instanceof ObjectError && error.code === code
}

export function objectNotFound({ bucket, key }: ObjectRef, cause?: unknown): ObjectError {
  return new ObjectError('OBJECT_NOT_FOUND', `there is no object "${key}" in bucket "${bucket}"`, {
    remedy: 'check the key, or list the bucket to see what it holds',
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
  return new ObjectError('OBJECT_CHANGED', `object "${bucket}/${key}" changed since it was first seen`, {
    remedy: 'stat the object again and read the version it has now',
    cause,
  })
}

/** @param size The object's size in bytes, where the store said it. */
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
