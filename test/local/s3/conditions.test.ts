import { describe, expect, it } from 'vitest'
import { type Conditions, decideRead, requireWritable } from '../../../lib/local/s3/conditions.ts'

const MODIFIED = Date.UTC(2026, 0, 1, 12, 0, 0, 500)
const object = { key: 'k', size: 1, etag: 'aa', modifiedAt: MODIFIED, headers: {}, blobs: [], multipart: false }
const at = (seconds: number) => new Date(Math.floor(MODIFIED / 1000) * 1000 + seconds * 1000).toUTCString()

function outcome(conditions: Conditions): string {
  try {
    return decideRead(conditions, object)
  } catch (error) {
    return (error as { code: string }).code
  }
}

describe('a read', () => {
  it.each<[Conditions, string]>([
    [{}, 'send'],
    [{ ifMatch: '"aa"' }, 'send'],
    [{ ifMatch: 'aa' }, 'send'],
    [{ ifMatch: '*' }, 'send'],
    [{ ifMatch: '"bb", "aa"' }, 'send'],
    [{ ifMatch: '"bb"' }, 'PreconditionFailed'],
    [{ ifNoneMatch: '"aa"' }, 'not-modified'],
    [{ ifNoneMatch: '*' }, 'not-modified'],
    [{ ifNoneMatch: '"bb"' }, 'send'],
    [{ ifModifiedSince: at(0) }, 'not-modified'],
    [{ ifModifiedSince: at(-1) }, 'send'],
    [{ ifModifiedSince: 'yesterday, I think' }, 'send'],
    [{ ifUnmodifiedSince: 'yesterday, I think' }, 'send'],
    [{ ifUnmodifiedSince: at(0) }, 'send'],
    [{ ifUnmodifiedSince: at(-1) }, 'PreconditionFailed'],
    [{ ifMatch: '"aa"', ifUnmodifiedSince: at(-1) }, 'send'],
    [{ ifNoneMatch: '"bb"', ifModifiedSince: at(0) }, 'send'],
    [{ ifMatch: '"bb"', ifNoneMatch: '"aa"' }, 'PreconditionFailed'],
  ])('with %j is decided: %s', (conditions, expected) => {
    expect(outcome(conditions)).toBe(expected)
  })
})

describe('a write', () => {
  const refusal = (conditions: Conditions, existing?: typeof object) => {
    try {
      requireWritable(conditions, existing)
      return 'none'
    } catch (error) {
      return (error as { code: string }).code
    }
  }

  it.each<[Conditions, typeof object | undefined, string]>([
    [{}, object, 'none'],
    [{ ifNoneMatch: '*' }, undefined, 'none'],
    [{ ifNoneMatch: '*' }, object, 'PreconditionFailed'],
    [{ ifNoneMatch: '"aa"' }, object, 'NotImplemented'],
    [{ ifMatch: '"aa"' }, object, 'none'],
    [{ ifMatch: '"bb"' }, object, 'PreconditionFailed'],
    [{ ifMatch: '"aa"' }, undefined, 'NoSuchKey'],
  ])('with %j over %j: %s', (conditions, existing, expected) => {
    expect(refusal(conditions, existing)).toBe(expected)
  })
})
