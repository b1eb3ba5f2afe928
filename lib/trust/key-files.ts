import { constants } from 'node:fs'
import { open, unlink } from 'node:fs/promises'
import * as v from 'valibot'
import { fromBase64url, toBase64url } from '../encoding/base64url.ts'
import { parseStrictJson } from '../encoding/strict-json.ts'
import { UsageError } from '../errors.ts'
import { explainFileError } from '../files/file-error.ts'
import { admitKey } from './ed25519.ts'
import { keyFromSeed, keyIdOf, SEED_BYTES, type SigningKey } from './keys.ts'

/** A public key as its file contains it. */
export interface PublicKey {
  readonly keyId: string
  /** 32 bytes. */
  readonly publicKey: Uint8Array
}

const PRIVATE_TYPE = 'lander-private-key-v1'
const PUBLIC_TYPE = 'lander-public-key-v1'

const privateFile = v.strictObject({ type: v.literal(PRIVATE_TYPE), keyId: v.string(), seed: v.string() })
const publicFile = v.strictObject({ type: v.literal(PUBLIC_TYPE), keyId: v.string(), publicKey: v.string() })

/**
 * Writes a key to `path`, readable only by its owner, and its public half to `path.pub`. Never overwrites a file.
 *
 * @throws UsageError `FILE_EXISTS`
 *
 * @example
 * await writeKeyFiles('alice.key', generateKey())
 */
export async function writeKeyFiles(path: string, key: SigningKey): Promise<void> {
  const { keyId, publicKey, secretKey } = key
  const seed = secretKey.subarray(0, SEED_BYTES)
  await create(path, 0o600, { type: PRIVATE_TYPE, keyId, seed: toBase64url(seed) })
  try {
    await create(`${path}.pub`, 0o644, { type: PUBLIC_TYPE, keyId, publicKey: toBase64url(publicKey) })
  } catch (error) {
    await unlink(path)
    throw error
  }
}

/**
 * Reads a private key. Refuses a file that others than its owner may read, as ssh does.
 *
 * @throws UsageError `FILE_NOT_FOUND` or `KEY_FILE_INVALID`
 */
export async function readKeyFile(path: string): Promise<SigningKey> {
  const { text, mode } = await readText(path)
  if (isOfKind(publicFile, text)) throw otherHalf(path, 'public', path.replace(/\.pub$/, ''))
  requireOwnerOnly(path, mode)
  return parse(path, text, privateFile, ({ keyId, seed }) => {
    const key = keyFromSeed(fromBase64url(seed))
    return key.keyId === keyId ? key : undefined
  })
}

/**
 * Reads and checks a public key.
 *
 * @throws UsageError `FILE_NOT_FOUND` or `KEY_FILE_INVALID`
 */
export async function readPublicKeyFile(path: string): Promise<PublicKey> {
  const { text } = await readText(path)
  if (isOfKind(privateFile, text)) throw otherHalf(path, 'private', `${path}.pub`)
  return parse(path, text, publicFile, (file) => {
    const publicKey = admitKey(fromBase64url(file.publicKey))
    return keyIdOf(publicKey) === file.keyId ? { keyId: file.keyId, publicKey } : undefined
  })
}

async function create(path: string, mode: number, content: object): Promise<void> {
  // `wx` fails if the name exists, even as a dangling link.
  const file = await open(path, 'wx', mode).catch((error) => {
    throw asUsageError(path, error)
  })
  try {
    await file.writeFile(`${JSON.stringify(content, null, 2)}\n`)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Text and mode of the same open file, so that nobody can swap the file between the two reads. */
async function readText(path: string): Promise<{ text: Uint8Array; mode: number }> {
  const file = await open(path, constants.O_RDONLY).catch((error) => {
    throw asUsageError(path, error)
  })
  try {
    const { mode } = await file.stat()
    const buffer = new Uint8Array(MAX_FILE_BYTES + 1)
    const { bytesRead } = await file.read(buffer, 0, buffer.length, 0)
    return { text: buffer.subarray(0, bytesRead), mode }
  } catch (error) {
    throw asUsageError(path, error as NodeJS.ErrnoException)
  } finally {
    await file.close()
  }
}

const MAX_FILE_BYTES = 4096

function requireOwnerOnly(path: string, mode: number): void {
  // Windows has no such bits: every file appears to be open to everyone.
  if (process.platform === 'win32' || (mode & 0o077) === 0) return
  const shown = (mode & 0o777).toString(8)
  throw new UsageError(
    'KEY_FILE_INVALID',
    `private key file "${path}" can be used by others than its owner (mode ${shown})`,
    {
      remedy: `run chmod 600 "${path}", and make a new key if others have read it`,
    },
  )
}

const readJson = (text: Uint8Array): unknown => parseStrictJson(text, { maxLength: MAX_FILE_BYTES, maxDepth: 1 })

function isOfKind(schema: v.GenericSchema, text: Uint8Array): boolean {
  try {
    return v.is(schema, readJson(text))
  } catch {
    return false
  }
}

function otherHalf(path: string, kind: 'public' | 'private', wanted: string): UsageError {
  const other = kind === 'public' ? 'private' : 'public'
  return new UsageError('KEY_FILE_INVALID', `"${path}" is a ${kind} key, not a ${other} one`, {
    remedy: `name the ${other} half${wanted === path ? '' : `, perhaps "${wanted}"`}`,
  })
}

/** The error never contains the text, which may be a key. */
function parse<S extends v.GenericSchema, T>(
  path: string,
  text: Uint8Array,
  schema: S,
  make: (file: v.InferOutput<S>) => T | undefined,
): T {
  try {
    const made = make(v.parse(schema, readJson(text)))
    if (made !== undefined) return made
  } catch {}
  throw new UsageError('KEY_FILE_INVALID', `"${path}" is not a key file of this kind`, {
    remedy: 'pass a file that lander keygen wrote: NAME holds the private key, NAME.pub the public one',
  })
}

function asUsageError(path: string, error: NodeJS.ErrnoException): unknown {
  if (error.code === 'EEXIST')
    return new UsageError('FILE_EXISTS', `"${path}" exists`, {
      remedy: 'choose another name; keys are never overwritten',
    })
  return explainFileError(error, path)
}
