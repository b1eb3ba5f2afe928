import { writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Command } from 'commander'
import { packSigned } from '../../lib/author/pack-signed.ts'
import { kernelDeclarations } from '../../lib/bundle/kernel-declarations.ts'
import type { KernelForm, PackedKernel } from '../../lib/bundle/packed-kernel.ts'
import { UsageError } from '../../lib/errors.ts'
import type { Limits } from '../../lib/limits.ts'
import type { Scope } from '../../lib/scope.ts'
import { readKeyFile } from '../../lib/trust/key-files.ts'
import { bytes, printResult } from '../terminal/output.ts'
import { mapFileOf } from './bundle-of.ts'
import { compilesOption, dataOption, expiresOption, kernelsOption, limitOption } from './options.ts'

interface PackOptions {
  key: string
  data?: Scope[]
  out?: string
  expires: number
  limit?: Partial<Limits>
  fleet: string
  regions?: string
  exportState?: boolean
  kernels: KernelForm
  compiles?: boolean
  types?: boolean
  json?: boolean
}

/** `lander pack`: source in, signed bundle out. */
export function packCommand(): Command {
  return new Command('pack')
    .description(
      'pack an agent and sign what it may do; its source map is written beside the bundle, and stays with you',
    )
    .argument('<agent>', 'the agent: a TypeScript or JavaScript file with a default export')
    .requiredOption('--key <file>', 'your key, from lander keygen')
    .addOption(dataOption())
    .option('--out <file>', 'where to write the bundle (default: the agent with .lander)')
    .addOption(expiresOption())
    .addOption(limitOption())
    .option('--fleet <name>', 'the only fleet that may run it; * for any that trusts the key', '*')
    .option('--regions <a,b>', 'the only regions that may run it (default: any)')
    .option('--export-state', 'its state, and what it holds of the data, may come to places of the sender’s own')
    .addOption(kernelsOption())
    .addOption(compilesOption())
    .option('--types', 'write declarations for editors beside the kernels it imports')
    .option('--json', 'print one JSON document')
    .action(async (agent: string, options: PackOptions) => {
      if (options.data === undefined) {
        throw new UsageError('USAGE', 'no data is named', {
          remedy: 'say what the agent may read: --data s3://bucket/prefix/',
        })
      }
      const packed = await packSigned(agent, await readKeyFile(options.key), {
        scopes: options.data,
        limits: options.limit ?? {},
        fleet: options.fleet,
        regions: options.regions?.split(',') ?? ['*'],
        exportState: options.exportState ?? false,
        kernels: options.kernels,
        compiles: options.compiles ?? false,
        expiresInMs: options.expires,
      })
      const file = options.out ?? agent.replace(/\.[^./]+$/, '.lander')
      await writeFile(file, packed.file)
      await writeFile(mapFileOf(file), packed.map)
      if (options.types) await writeDeclarations(dirname(agent), packed.kernels)
      const { keyId, digest, manifest } = packed
      const entries = manifest.entries.map(({ name, role, bytes, stored }) => ({ name, role, bytes, stored }))
      printResult(options.json, { file, bytes: packed.file.length, digest, keyId, entries }, () =>
        [
          `${file}  ${bytes(packed.file.length)}, signed by ${keyId}`,
          ...entries.slice(1).map(({ name, stored }) => `  kernel ${name}  ${bytes(stored)}`),
          `manifest ${digest}, valid until ${new Date(manifest.expiresAt).toISOString()}`,
        ].join('\n'),
      )
    })
}

async function writeDeclarations(folder: string, kernels: readonly PackedKernel[]): Promise<void> {
  for (const declarations of kernels.map(kernelDeclarations))
    if (declarations) await writeFile(join(folder, declarations.file), declarations.text)
}
