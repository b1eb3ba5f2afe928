import { readFile } from 'node:fs/promises'
import { InternalError } from '../errors.ts'

/** A secret's value: a JSON document, or the 64 characters that Secrets Manager generated. */
const INLINE = /^\{|^[A-Za-z0-9]{64}$/

/** Whether the variable LANDER_FLEET_SECRET holds the secret itself and not its location. */
export const isInlineSecret = (variable: string): boolean => INLINE.test(variable)

/**
 * A function that reads the fleet's secret.
 *
 * @param variable LANDER_FLEET_SECRET: the name or ARN of a secret in the region's Secrets Manager, a `file:` URL (in the
 * local cloud), or the secret itself (in isolated functions, which can reach no service)
 * @example
 * createSecretSource({ read: secretReader('lander/sales', { region: 'eu-west-1' }), now: Date.now })
 */
export function secretReader(variable: string, { region }: { region: string }): () => Promise<string> {
  if (isInlineSecret(variable)) return async () => variable
  if (variable.startsWith('file:')) return () => readFile(new URL(variable), 'utf8')
  return () => fromSecretsManager(variable, region)
}

async function fromSecretsManager(id: string, region: string): Promise<string> {
  // Imported only here, because the local cloud and isolated functions start faster without this client.
  const { GetSecretValueCommand, SecretsManagerClient } = await import('@aws-sdk/client-secrets-manager')
  const client = new SecretsManagerClient({ region })
  try {
    const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: id }))
    if (SecretString === undefined) throw new InternalError(`secret "${id}" has no text`)
    return SecretString
  } finally {
    client.destroy()
  }
}
