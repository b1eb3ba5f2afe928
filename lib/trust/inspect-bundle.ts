import { decodeSignedBundle, splitParts } from '../bundle/file.ts'
import { MANIFEST_TYPE, type Manifest, parseManifest } from '../bundle/manifest.ts'
import { digestOf } from '../encoding/digest.ts'
import { admitKey, verifyStrict } from './ed25519.ts'
import { decodeEnvelope, preAuthEncoding, type Signature } from './envelope.ts'

/** What a bundle contains, and how much of it is verified. */
export interface Inspection {
  readonly manifest: Manifest
  /** SHA-256 of the manifest, base64url: the bundle's identity. */
  readonly digest: string
  /** `verified` is `undefined` if the signer's public key was not given. */
  readonly signers: readonly { readonly keyId: string; readonly verified: boolean | undefined }[]
  /** Whether every part has the digest that the manifest names. */
  readonly intact: boolean
  /** Whether it is intact, and every signature is valid under a given key. */
  readonly verified: boolean
}

/**
 * Reads a signed bundle for display. It does not decide what may run: `verifyBundle` does.
 *
 * @param publicKeys the known public keys, by key id
 * @throws RefusedError for a file that is not a signed bundle
 */
export function inspectBundle(file: Uint8Array, publicKeys: ReadonlyMap<string, Uint8Array>): Inspection {
  const { envelope, body } = decodeSignedBundle(file)
  const { payload, signatures } = decodeEnvelope(envelope, MANIFEST_TYPE)
  const manifest = parseManifest(payload)
  const message = preAuthEncoding(MANIFEST_TYPE, payload)
  const signers = signatures.map((signature) => ({
    keyId: signature.keyId,
    verified: holds(signature, message, publicKeys),
  }))
  const stored = splitParts(body, manifest.entries)
  const intact = manifest.entries.every(({ name, sha256 }) => digestOf(stored.get(name)!) === sha256)
  const verified = intact && signers.every((signer) => signer.verified === true)
  return { manifest, digest: digestOf(payload), signers, intact, verified }
}

function holds(
  { keyId, signature }: Signature,
  message: Uint8Array,
  keys: ReadonlyMap<string, Uint8Array>,
): boolean | undefined {
  const key = keys.get(keyId)
  return key === undefined ? undefined : verifyStrict(signature, message, admitKey(key))
}
