import { Command } from 'commander'
import { toBase64url } from '../../lib/encoding/base64url.ts'
import { writeKeyFiles } from '../../lib/trust/key-files.ts'
import { generateKey } from '../../lib/trust/keys.ts'
import { paint, printResult } from '../terminal/output.ts'

/** `lander keygen`: a key to sign agents with. */
export function keygenCommand(): Command {
  return new Command('keygen')
    .description('make a key to sign agents with: a private file only you can read, and a public one beside it')
    .requiredOption('--out <path>', 'where to write the private key; the public key gets .pub')
    .option('--json', 'print one JSON document')
    .action(async ({ out, json }: { out: string; json?: boolean }) => {
      const key = generateKey()
      await writeKeyFiles(out, key)
      const files = { private: out, public: `${out}.pub` }
      printResult(json, { keyId: key.keyId, publicKey: toBase64url(key.publicKey), files }, () =>
        [
          `key      ${paint('bold', key.keyId)}`,
          `private  ${files.private}  (keep it: whoever has it signs as you)`,
          `public   ${files.public}  (give it to the operator of the fleet)`,
        ].join('\n'),
      )
    })
}
