import { readFile } from 'node:fs/promises'
import { Command } from 'commander'
import { UsageError } from '../../lib/errors.ts'
import { explainFileError } from '../../lib/files/file-error.ts'
import { formatDataUri } from '../../lib/objects/data-uri.ts'
import { type Inspection, inspectBundle } from '../../lib/trust/inspect-bundle.ts'
import { readPublicKeyFile } from '../../lib/trust/key-files.ts'
import { bytes, EXIT, paint, printResult } from '../terminal/output.ts'

/** `lander inspect`: what a bundle says it is, and who signed it. */
export function inspectCommand(): Command {
  return new Command('inspect')
    .description('show what a signed bundle may do, and whether its signatures hold')
    .argument('<bundle>', 'a file from lander pack')
    .option('--key <file...>', 'public keys (.pub) to check the signatures with')
    .option('--json', 'print one JSON document')
    .action(async (path: string, { key = [], json }: { key?: string[]; json?: boolean }) => {
      const keys = await Promise.all(key.map(readPublicKeyFile))
      const inspection = inspectBundle(
        await readBundle(path),
        new Map(keys.map(({ keyId, publicKey }) => [keyId, publicKey])),
      )
      printResult(json, inspection, () => describe(inspection))
      // A key that is not at hand proves nothing either way; a signature that does not hold does.
      if (!inspection.intact || inspection.signers.some(({ verified }) => verified === false))
        process.exitCode = EXIT.refused
    })
}

/** Reads a bundle's file. @throws UsageError `FILE_NOT_FOUND`, `FILE_UNUSABLE` */
export async function readBundle(path: string): Promise<Uint8Array> {
  return readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw explainFileError(error, path)
    throw new UsageError('FILE_NOT_FOUND', `there is no bundle at ${path}`, { remedy: 'make one with lander pack' })
  })
}

function describe({ manifest, digest, signers, intact, verified }: Inspection): string {
  const { name, entries, scopes, limits, audience, compiles, exportState, expiresAt } = manifest
  const expired = expiresAt < Date.now() ? paint('red', ' (expired)') : ''
  return [
    `${paint('bold', name)}  ${verified ? paint('green', 'verified') : paint('yellow', 'not verified')}`,
    `  manifest  ${digest}`,
    ...signers.map((signer) => `  signed by  ${signer.keyId}  ${word(signer.verified)}`),
    `  parts      ${entries.map((entry) => `${entry.name} ${bytes(entry.bytes)}`).join(', ')}${intact ? '' : paint('red', '  (altered)')}`,
    `  may read   ${scopes.map(formatDataUri).join(', ') || 'nothing'}`,
    `  may run    in fleet ${audience.fleet}, regions ${audience.regions.join(', ')}, until ${new Date(expiresAt).toISOString()}${expired}`,
    `  compiles   ${compiles ? 'yes' : 'no'}`,
    ...(exportState ? ['  state      may come to places of the sender’s own'] : []),
    `  limits     ${Object.entries(limits)
      .map(([limit, value]) => `${limit} ${value}`)
      .join(', ')}`,
  ].join('\n')
}

function word(verified: boolean | undefined): string {
  if (verified === undefined) return paint('yellow', 'key not at hand: name its .pub with --key')
  return verified ? paint('green', 'signature holds') : paint('red', 'signature does not hold')
}
