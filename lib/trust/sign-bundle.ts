import { type Bundle, encodeSignedBundle } from '../bundle/file.ts'
import { MANIFEST_TYPE, manifestPayload } from '../bundle/manifest.ts'
import { InternalError } from '../errors.ts'
import { encodeEnvelope, signEnvelope } from './envelope.ts'
import type { SigningKey } from './keys.ts'

/**
 * Signs a bundle and returns its file, at most 8 MB.
 *
 * @param keys one to four author keys: at least as many as the threshold of the fleet's policy
 * @throws RefusedError `MANIFEST_MALFORMED` or `BUNDLE_TOO_LARGE`
 *
 * @example
 * await writeFile('count.lander', signBundle(bundle, [await readKeyFile('author.key')]))
 */
export function signBundle({ manifest, parts }: Bundle, keys: readonly SigningKey[]): Uint8Array {
  const envelope = signEnvelope(MANIFEST_TYPE, manifestPayload(manifest), keys)
  return encodeSignedBundle({
    envelope: encodeEnvelope(envelope),
    parts: manifest.entries.map(({ name }) => part(name)),
  })

  function part(name: string): Uint8Array {
    const stored = parts.get(name)
    if (!stored) throw new InternalError(`the bundle has no part "${name}"`)
    return stored
  }
}
