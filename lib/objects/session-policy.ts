import { RefusedError } from '../errors.ts'
import type { Scope } from '../scope.ts'

/** The longest session policy STS takes, in characters: docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html */
export const MAX_SESSION_POLICY_LENGTH = 2048

interface PolicyStatement {
  readonly Effect: 'Allow' | 'Deny'
  readonly Action: string
  readonly Resource: string | readonly string[]
  readonly Condition?: object
}

/**
 * The session policy that narrows a role to a run's scopes: to read their keys and to list them, by whole segments as
 * `prefixHolds` reads them. The session may do what this *and* the role allow, so even a host that is led astray can't
 * read beyond the mission.
 *
 * @returns JSON
 * @throws RefusedError `POLICY_DENIED` when the scopes are too many for STS. They are never widened to fit.
 *
 * @example
 * sessionPolicy([{ bucket: 'logs', prefix: '2026/', actions: ['read'] }])
 */
export function sessionPolicy(scopes: readonly Scope[]): string {
  const buckets = [...new Set(scopes.map(({ bucket }) => bucket))]
  const statements =
    scopes.length === 0 ? [NOTHING] : [reading(scopes), ...buckets.map((name) => listing(name, scopes))]
  const policy = JSON.stringify({ Version: '2012-10-17', Statement: statements })
  if (policy.length <= MAX_SESSION_POLICY_LENGTH) return policy
  throw new RefusedError('POLICY_DENIED', `${scopes.length} scopes are too many for a session policy of AWS`, {
    remedy: `name fewer or shorter prefixes: the policy has ${policy.length} characters of ${MAX_SESSION_POLICY_LENGTH}`,
  })
}

const NOTHING: PolicyStatement = { Effect: 'Deny', Action: '*', Resource: '*' }

function reading(scopes: readonly Scope[]): PolicyStatement {
  const Resource = scopes.flatMap((scope) =>
    patternsOf(scope).map((pattern) => `arn:aws:s3:::${scope.bucket}/${pattern}`),
  )
  return { Effect: 'Allow', Action: 's3:GetObject', Resource: [...new Set(Resource)] }
}

function listing(bucket: string, scopes: readonly Scope[]): PolicyStatement {
  const inBucket = scopes.filter((scope) => scope.bucket === bucket)
  const whole = inBucket.some(({ prefix }) => prefix === '')
  const prefixes = [...new Set(inBucket.flatMap(patternsOf))]
  return {
    Effect: 'Allow',
    Action: 's3:ListBucket',
    Resource: `arn:aws:s3:::${bucket}`,
    ...(!whole && { Condition: { StringLike: { 's3:prefix': prefixes } } }),
  }
}

/**
 * The keys of a scope as IAM says them: `logs/` is everything below, `logs/a` that key and everything below it, never
 * `logs/ab`. A sign that IAM reads as a pattern stands in braces to stand for itself:
 * docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-specialchars
 */
function patternsOf({ prefix }: Scope): string[] {
  const literal = prefix.replace(/[*?$]/g, (sign) => `\${${sign}}`)
  return prefix === '' || prefix.endsWith('/') ? [`${literal}*`] : [literal, `${literal}/*`]
}
