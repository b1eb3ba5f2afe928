import type { Credentials } from '@aws-sdk/client-sts'
import { UnreachableError } from '../errors.ts'
import type { Broker, BrokeredRun } from '../host/broker.ts'
import { sessionPolicy } from '../objects/session-policy.ts'
import type { ObjectStore } from '../objects/store.ts'

/** Credentials in the form that the SDK's clients accept. */
export interface SessionCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string
}

export interface SessionBrokerOptions {
  /** The role that may read the data. The function's own role must be allowed to assume it. */
  readonly roleArn: string
  readonly region: string
  /** Creates a store of the data that uses these credentials. */
  readonly storeOf: (credentials: SessionCredentials) => ObjectStore
  /** The endpoint of STS. @default AWS, or the endpoint of the environment */
  readonly endpoint?: string
}

/** The shortest session of STS: docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html */
const MIN_SESSION_SECONDS = 900

/** A session is valid for this long after the end of its run. */
const MARGIN_SECONDS = 60

/**
 * A broker that assumes a role for every run. A session policy restricts each session to the run's scopes, and its name
 * has the mission's id, so that CloudTrail shows which mission read which object.
 */
export function createSessionBroker({ roleArn, region, storeOf, endpoint }: SessionBrokerOptions): Broker {
  const client = importClient({ region, ...(endpoint && { endpoint }) })
  return async (run) => {
    const input = sessionOf(run, roleArn)
    const { sts, AssumeRoleCommand } = await client
    const { Credentials } = await sts.send(new AssumeRoleCommand(input)).catch((cause: Error) => fail(cause, roleArn))
    return storeOf(requireComplete(Credentials, roleArn))
  }
}

/** The AssumeRole request for a run. */
export function sessionOf({ mission, scopes, wallMs }: BrokeredRun, roleArn: string) {
  return {
    RoleArn: roleArn,
    RoleSessionName: `lander-${mission}`,
    Policy: sessionPolicy(scopes),
    DurationSeconds: Math.max(MIN_SESSION_SECONDS, Math.ceil(wallMs / 1000) + MARGIN_SECONDS),
  }
}

/** Imported only when there is a broker, because other functions start faster without this client. */
async function importClient(options: { region: string; endpoint?: string }) {
  const { AssumeRoleCommand, STSClient } = await import('@aws-sdk/client-sts')
  return { sts: new STSClient(options), AssumeRoleCommand }
}

function requireComplete(credentials: Credentials | undefined, roleArn: string): SessionCredentials {
  const { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, SessionToken: sessionToken } = credentials ?? {}
  if (accessKeyId && secretAccessKey && sessionToken) return { accessKeyId, secretAccessKey, sessionToken }
  return fail(new Error('no credentials'), roleArn)
}

function fail(cause: Error, roleArn: string): never {
  throw new UnreachableError('BROKER_FAILED', `the broker role ${roleArn} can't be assumed: ${cause.name}`, {
    remedy: 'allow it in the trust policy of that role and in the policy of the function’s role',
    cause,
  })
}
