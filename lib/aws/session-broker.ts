import type { Credentials } from '@aws-sdk/client-sts'
import { UnreachableError } from '../errors.ts'
import type { Broker, BrokeredRun } from '../host/broker.ts'
import { sessionPolicy } from '../objects/session-policy.ts'
import type { ObjectStore } from '../objects/store.ts'

/** Credentials as the SDK's clients take them. */
export interface SessionCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string
}

export interface SessionBrokerOptions {
  /** The role that may read the data, and that the function's own role may assume. */
  readonly roleArn: string
  readonly region: string
  /** The data, to whom has these credentials. */
  readonly storeOf: (credentials: SessionCredentials) => ObjectStore
  /** Where STS answers. @default AWS, or as the environment says */
  readonly endpoint?: string
}

/** STS gives no shorter session: docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html */
const MIN_SESSION_SECONDS = 900

/** What a session outlives its run by. */
const MARGIN_SECONDS = 60

/**
 * A broker that assumes a role for every run, narrowed by a session policy to the run's scopes and named after its
 * mission, so that CloudTrail tells which mission read what.
 */
export function createSessionBroker({ roleArn, region, storeOf, endpoint }: SessionBrokerOptions): Broker {
  const client = importClient({ region, ...(endpoint && { endpoint }) })
  return async (run) => {
    const input = sessionOf(run, roleArn)
    const { sts, AssumeRoleCommand } = await client
    const { Credentials } = await sts.send(new AssumeRoleCommand(input)).catch((cause: Error) => fail(cause, roleArn))
    return storeOf(requireWhole(Credentials, roleArn))
  }
}

/** The session a run gets. */
export function sessionOf({ mission, scopes, wallMs }: BrokeredRun, roleArn: string) {
  return {
    RoleArn: roleArn,
    RoleSessionName: `lander-${mission}`,
    Policy: sessionPolicy(scopes),
    DurationSeconds: Math.max(MIN_SESSION_SECONDS, Math.ceil(wallMs / 1000) + MARGIN_SECONDS),
  }
}

/** Loaded only where there is a broker: most functions start faster without it. */
async function importClient(options: { region: string; endpoint?: string }) {
  const { AssumeRoleCommand, STSClient } = await import('@aws-sdk/client-sts')
  return { sts: new STSClient(options), AssumeRoleCommand }
}

function requireWhole(credentials: Credentials | undefined, roleArn: string): SessionCredentials {
  const { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, SessionToken: sessionToken } = credentials ?? {}
  if (accessKeyId && secretAccessKey && sessionToken) return { accessKeyId, secretAccessKey, sessionToken }
  return fail(new Error('no credentials'), roleArn)
}

function fail(cause: Error, roleArn: string): never {
  throw new UnreachableError('BROKER_FAILED', `the broker role ${roleArn} can not be assumed: ${cause.name}`, {
    remedy: 'let the function’s role assume it, in its trust policy and in the function’s own',
    cause,
  })
}
