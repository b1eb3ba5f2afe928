import { type Bundle, encodeSignedBundle } from '../bundle/file.ts'
import { STATEMENT_TYPE, statementPayload } from '../bundle/manifest.ts'
import { InternalError } from '../errors.ts'
import { encodeEnvelope, signEnvelope } from './envelope.ts'
import type { SigningKey } from './keys.ts'

/**
 * Signs a bundle and returns its file, at most 8 MB.
 *
 * @param keys the author's, one to four: as many as the fleet's policy asks for.
 * @throws RefusedError `STATEMENT_MALFORMED` or `BUNDLE_TOO_LARGE`
 *
 * @example
 * await writeFile('count.lander', signBundle(bundle, [await readKeyFile('author.key')]))
 */
export function signBundle({ statement, parts }: Bundle, keys: readonly SigningKey[]): Uint8Array {
  const envelope = signEnvelope(STATEMENT_TYPE, statementPayload(statement), keys)
  return encodeSignedBundle({
    envelope: encodeEnvelope(envelope),
    parts: statement.entries.map(({ name }) => part(name)),
  })

  function part(name: string): Uint8Array {
    const stored = parts.get(name)
    if (!stored) throw new InternalError(`the bundle has no part "${name}"`)
    return stored
  }
}
