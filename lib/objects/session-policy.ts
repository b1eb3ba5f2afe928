import { RefusedError } from '../errors.ts'
import type { Scope } from '../scope.ts'

/** The longest session policy that STS accepts, in characters: docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html */
export const MAX_SESSION_POLICY_LENGTH = 2048

interface PolicyStatement {
  readonly Effect: 'Allow' | 'Deny'
  readonly Action: string
  readonly Resource: string | readonly string[]
  readonly Condition?: object
}

/**
 * The session policy that restricts a role to the scopes of a run: it allows reading and listing their keys, by whole
 * segments as `prefixHolds` does. A session may do only what both this policy and the role allow, so even a compromised
 * host can't read beyond the scopes.
 *
 * @returns JSON
 * @throws RefusedError `POLICY_DENIED` if the policy is too long for STS. It is never widened to fit.
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
  throw new RefusedError(
    'POLICY_DENIED',
    `the session policy for ${scopes.length} scopes has ${policy.length} characters; STS accepts ${MAX_SESSION_POLICY_LENGTH}`,
    {
      remedy: 'name fewer or shorter prefixes',
    },
  )
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
 * The keys of a scope as patterns of IAM. `logs/` matches everything below it; `logs/a` matches that key and everything
 * below it, but not `logs/ab`. Characters that IAM treats as patterns are escaped as `${*}`:
 * docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-specialchars
 */
function patternsOf({ prefix }: Scope): string[] {
  const literal = prefix.replace(/[*?$]/g, (character) => `\${${character}}`)
  return prefix === '' || prefix.endsWith('/') ? [`${literal}*`] : [literal, `${literal}/*`]
}
