/** The store of a fleet's secret, for the operator who rotates it. */
import { readFile } from 'node:fs/promises'
import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager'
import { UnreachableError } from '../errors.ts'
import { writeFileAtomically } from '../files/write-file-atomically.ts'

export interface SecretStore {
  read(): Promise<string>
  write(text: string): Promise<void>
}

/** A secret in a file, for the local cloud. */
export function createSecretFile(path: string): SecretStore {
  return { read: () => readFile(path, 'utf8'), write: (text) => writeFileAtomically(path, text) }
}

export interface ManagedSecretOptions {
  /** The name of the secret, which is the same in every region. */
  readonly name: string
  /** Any region that has the secret. */
  readonly region: string
  /** The endpoint of Secrets Manager. @default AWS, or the endpoint of the environment */
  readonly endpoint?: string | undefined
}

/** A secret in AWS Secrets Manager. Writes go to its primary region, and Secrets Manager replicates it from there. */
export function createManagedSecret({ name, region, endpoint }: ManagedSecretOptions): SecretStore {
  const clientOf = (name: string) => new SecretsManagerClient({ region: name, ...(endpoint && { endpoint }) })
  const secret = { SecretId: name }
  const explained = async <T>(answer: Promise<T>): Promise<T> => answer.catch((error) => fail(error, name, region))
  return {
    async read() {
      const { SecretString = '' } = await explained(clientOf(region).send(new GetSecretValueCommand(secret)))
      return SecretString
    },
    async write(text) {
      const { PrimaryRegion = region } = await explained(clientOf(region).send(new DescribeSecretCommand(secret)))
      await explained(clientOf(PrimaryRegion).send(new PutSecretValueCommand({ ...secret, SecretString: text })))
    },
  }
}

function fail(cause: Error, name: string, region: string): never {
  throw new UnreachableError('SECRET_UNAVAILABLE', `secret "${name}" in ${region}: ${cause.name}`, {
    remedy: 'check the credentials: they need DescribeSecret, GetSecretValue and PutSecretValue for it',
    cause,
  })
}
