import { readFile } from 'node:fs/promises'
import { Command } from 'commander'
import { UsageError } from '../../lib/errors.ts'
import { explainFileError } from '../../lib/files/file-error.ts'
import { formatDataUri } from '../../lib/objects/data-uri.ts'
import { type Inspection, inspectBundle } from '../../lib/trust/inspect-bundle.ts'
import { readPublicKeyFile } from '../../lib/trust/key-files.ts'
import { bytes, EXIT, paint, printResult } from '../terminal/output.ts'
import { withHelp } from './help-sections.ts'
import { jsonOption } from './options.ts'

/** `lander inspect`: shows the manifest of a bundle and checks its signatures. */
export function inspectCommand(): Command {
  const command = new Command('inspect')
    .description('show what a signed bundle may do, and whether its signatures are valid')
    .argument('<bundle>', 'a file from lander pack')
    .option('--key <file...>', 'public keys (.pub) of the signers')
    .addOption(jsonOption())
  return withHelp(command, {
    notes: ['The exit code is 3 if a part of the bundle was altered or a signature is not valid.'],
    examples: ['lander inspect count.lander', 'lander inspect count.lander --key me.pub'],
    json: '{manifest, digest, signers: [{keyId, verified}], intact, verified}',
  }).action(async (path: string, { key = [], json }: { key?: string[]; json?: boolean }) => {
    const keys = await Promise.all(key.map(readPublicKeyFile))
    const inspection = inspectBundle(
      await readBundle(path),
      new Map(keys.map(({ keyId, publicKey }) => [keyId, publicKey])),
    )
    printResult(json, inspection, () => describe(inspection))
    // A signature without its key is unverified, which is no failure; an invalid signature is one.
    if (!inspection.intact || inspection.signers.some(({ verified }) => verified === false))
      process.exitCode = EXIT.refused
  })
}

/** Reads the file of a bundle. @throws UsageError `FILE_NOT_FOUND`, `FILE_UNUSABLE` */
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
    `  manifest   ${digest}`,
    ...signers.map((signer) => `  signed by  ${signer.keyId}  ${describeSignature(signer.verified)}`),
    `  parts      ${entries.map((entry) => `${entry.name} ${bytes(entry.bytes)}`).join(', ')}${intact ? '' : paint('red', '  (altered)')}`,
    `  may read   ${scopes.map(formatDataUri).join(', ') || 'nothing'}`,
    `  may run    in fleet ${audience.fleet}, regions ${audience.regions.join(', ')}, until ${new Date(expiresAt).toISOString()}${expired}`,
    `  compiles   ${compiles ? 'yes' : 'no'}`,
    ...(exportState ? ['  state      may be exported to places of the client'] : []),
    `  limits     ${Object.entries(limits)
      .map(([limit, value]) => `${limit} ${value}`)
      .join(', ')}`,
  ].join('\n')
}

function describeSignature(verified: boolean | undefined): string {
  if (verified === undefined) return paint('yellow', 'not checked: name its public key with --key')
  return verified ? paint('green', 'signature is valid') : paint('red', 'signature is not valid')
}
