import { readFile } from 'node:fs/promises'
import { InternalError } from '../errors.ts'

/** A secret's value, where it stands for itself: a JSON document, or what Secrets Manager generated. */
const INLINE = /^\{|^[A-Za-z0-9]{64}$/

/** Whether a deployment's words are the secret itself, and not where it is. */
export const isInlineSecret = (where: string): boolean => INLINE.test(where)

/**
 * How to read a fleet's secret, from the words of its deployment: the name or ARN of a secret in the region's Secrets
 * Manager; a `file:` URL, for the local cloud; or the secret itself, where the function can reach no service.
 *
 * @example
 * createSecretSource({ read: secretReader('lander/sales', { region: 'eu-west-1' }), now: Date.now })
 */
export function secretReader(where: string, { region }: { region: string }): () => Promise<string> {
  if (isInlineSecret(where)) return async () => where
  if (where.startsWith('file:')) return () => readFile(new URL(where), 'utf8')
  return () => fromSecretsManager(where, region)
}

async function fromSecretsManager(id: string, region: string): Promise<string> {
  // Loaded when it is needed: the local cloud and isolated functions start faster without it.
  const { GetSecretValueCommand, SecretsManagerClient } = await import('@aws-sdk/client-secrets-manager')
  const client = new SecretsManagerClient({ region })
  try {
    const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: id }))
    if (SecretString === undefined) throw new InternalError(`secret "${id}" holds no text`)
    return SecretString
  } finally {
    client.destroy()
  }
}
