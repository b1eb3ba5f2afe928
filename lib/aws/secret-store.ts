/** Where a fleet's secret is kept, to the operator who rotates it. */
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
  /** Its name, which is the same in every region. */
  readonly name: string
  /** Any region that has it. */
  readonly region: string
  /** Where Secrets Manager answers. @default AWS, or as the environment says */
  readonly endpoint?: string | undefined
}

/** A secret in AWS Secrets Manager. It is written where it was made, and Secrets Manager replicates it from there. */
export function createManagedSecret({ name, region, endpoint }: ManagedSecretOptions): SecretStore {
  const client = (where: string) => new SecretsManagerClient({ region: where, ...(endpoint && { endpoint }) })
  const secret = { SecretId: name }
  const told = async <T>(answer: Promise<T>): Promise<T> => answer.catch((error) => fail(error, name, region))
  return {
    async read() {
      const { SecretString = '' } = await told(client(region).send(new GetSecretValueCommand(secret)))
      return SecretString
    },
    async write(text) {
      const { PrimaryRegion = region } = await told(client(region).send(new DescribeSecretCommand(secret)))
      await told(client(PrimaryRegion).send(new PutSecretValueCommand({ ...secret, SecretString: text })))
    },
  }
}

function fail(cause: Error, name: string, region: string): never {
  throw new UnreachableError('SECRET_UNAVAILABLE', `secret "${name}" in ${region}: ${cause.name}`, {
    remedy: 'check the credentials: they need DescribeSecret, GetSecretValue and PutSecretValue on it',
    cause,
  })
}
