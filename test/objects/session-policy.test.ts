import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MAX_SESSION_POLICY_LENGTH, sessionPolicy } from '../../lib/objects/session-policy.ts'
import { inScope, type Scope } from '../../lib/scope.ts'

const scope = (bucket: string, prefix: string): Scope => ({ bucket, prefix, actions: ['read'] })

interface Statement {
  Effect: string
  Action: string
  Resource: string[]
  Condition?: { StringLike: { 's3:prefix': string[] } }
}

const statements = (scopes: readonly Scope[]): Statement[] => JSON.parse(sessionPolicy(scopes)).Statement

describe('the session policy of a run', () => {
  test('reads the keys of its scopes and lists their prefixes, bucket by bucket', () => {
    expect(
      JSON.parse(sessionPolicy([scope('logs-eu', '2026/'), scope('logs-eu', 'a.csv'), scope('maps', '')])),
    ).toEqual({
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Action: 's3:GetObject',
          Resource: [
            'arn:aws:s3:::logs-eu/2026/*',
            'arn:aws:s3:::logs-eu/a.csv',
            'arn:aws:s3:::logs-eu/a.csv/*',
            'arn:aws:s3:::maps/*',
          ],
        },
        {
          Effect: 'Allow',
          Action: 's3:ListBucket',
          Resource: 'arn:aws:s3:::logs-eu',
          Condition: { StringLike: { 's3:prefix': ['2026/*', 'a.csv', 'a.csv/*'] } },
        },
        { Effect: 'Allow', Action: 's3:ListBucket', Resource: 'arn:aws:s3:::maps' },
      ],
    })
  })

  test('denies everything to a run without scopes', () => {
    expect(statements([])).toEqual([{ Effect: 'Deny', Action: '*', Resource: '*' }])
  })

  test('escapes the characters that IAM treats as patterns', () => {
    const [any, one, dollar] = ['*', '?', '$'].map((sign) => `\${${sign}}`)
    expect(statements([scope('logs', 'what?/$5*/')])[0]?.Resource).toEqual([
      `arn:aws:s3:::logs/what${one}/${dollar}5${any}/*`,
    ])
  })

  test('allows a key exactly if it is in scope', () => {
    const name = fc.stringMatching(/^[ab*?$]{1,3}$/)
    const path = fc.array(name, { maxLength: 3 }).map((parts) => parts.join('/'))
    const prefix = fc.tuple(path, fc.boolean()).map(([text, slash]) => (slash && text !== '' ? `${text}/` : text))
    const bucket = fc.constantFrom('one', 'two')
    const scopes = fc.array(fc.tuple(bucket, prefix), { maxLength: 3 }).map((all) => all.map(([b, p]) => scope(b, p)))
    fc.assert(
      fc.property(scopes, bucket, fc.tuple(path, fc.constantFrom('', '/', '/c', 'c')), (granted, name, [key, end]) => {
        const arn = `arn:aws:s3:::${name}/${key}${end}`
        const allowed = statements(granted).some(
          ({ Effect, Action, Resource }) =>
            Effect === 'Allow' && Action === 's3:GetObject' && Resource.some((pattern) => iamMatches(pattern, arn)),
        )
        expect(allowed).toBe(inScope(granted, name, `${key}${end}`))
      }),
    )
  })

  test('is refused, not widened, if the scopes are too many', () => {
    const many = Array.from({ length: 60 }, (_, day) => scope('logs', `2026/region=eu-west-1/day=${day}/`))
    expect(() => sessionPolicy(many)).toThrow(expect.objectContaining({ code: 'POLICY_DENIED' }))
    expect(sessionPolicy(many.slice(0, 16)).length).toBeLessThanOrEqual(MAX_SESSION_POLICY_LENGTH)
  })
})

/**
 * Matches as IAM does: `*` is any text, `?` any character, and `${*}`, `${?}` and `${$}` are the characters themselves.
 */
function iamMatches(pattern: string, text: string): boolean {
  const source = pattern.replace(/\$\{([*?$])\}|[*?]|[\\^$.+()[\]{}|]/g, (found, literal) => {
    if (literal !== undefined) return `\\${literal}`
    if (found === '*') return '.*'
    return found === '?' ? '.' : `\\${found}`
  })
  return new RegExp(`^${source}$`, 's').test(text)
}
