import { Command } from 'commander'
import { toBase64url } from '../../lib/encoding/base64url.ts'
import { writeKeyFiles } from '../../lib/trust/key-files.ts'
import { generateKey } from '../../lib/trust/keys.ts'
import { paint, printResult } from '../terminal/output.ts'
import { withHelp } from './help-sections.ts'
import { jsonOption } from './options.ts'

/** `lander keygen`: creates a key pair that signs agents and orders. */
export function keygenCommand(): Command {
  const command = new Command('keygen')
    .description('create an Ed25519 key pair that signs agents and orders')
    .requiredOption('--out <path>', 'the file of the private key; the public key is written to the same name with .pub')
    .addOption(jsonOption())
  return withHelp(command, {
    notes: ['Only you can read the private file (mode 0600). Existing files are never overwritten.'],
    examples: ['lander keygen --out me'],
    json: '{keyId, publicKey, files: {private, public}}',
    page: 'trust.md',
  }).action(async ({ out, json }: { out: string; json?: boolean }) => {
    const key = generateKey()
    await writeKeyFiles(out, key)
    const files = { private: out, public: `${out}.pub` }
    printResult(json, { keyId: key.keyId, publicKey: toBase64url(key.publicKey), files }, () =>
      [
        `key      ${paint('bold', key.keyId)}`,
        `private  ${files.private}  (keep it secret: it signs in your name)`,
        `public   ${files.public}  (give it to the operator of the fleet)`,
      ].join('\n'),
    )
  })
}
