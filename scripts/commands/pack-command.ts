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
import { withHelp } from './help-sections.ts'
import { compilesOption, dataOption, expiresOption, jsonOption, kernelsOption, limitOption } from './options.ts'

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

/** `lander pack`: packs the source of an agent into a signed bundle. */
export function packCommand(): Command {
  const command = new Command('pack')
    .description('pack an agent into a bundle and sign what the agent may do')
    .argument('<agent>', 'a TypeScript or JavaScript file that exports the agent as its default')
    .requiredOption('--key <file>', 'your private key, from lander keygen')
    .addOption(dataOption())
    .option('--out <file>', 'the bundle to write (default: the name of the agent with .lander)')
    .addOption(expiresOption())
    .addOption(limitOption())
    .option('--fleet <name>', 'the only fleet that may run the agent; * is any fleet that trusts the key', '*')
    .option('--regions <a,b>', 'the only regions that may run the agent (default: all)')
    .option('--export-state', 'let the agent’s state, with the data in it, leave regions for places of the client')
    .addOption(kernelsOption())
    .addOption(compilesOption())
    .option('--types', 'write TypeScript declarations beside the kernels that the agent imports')
    .addOption(jsonOption())
  return withHelp(command, {
    notes: [
      'The source map is written beside the bundle, as FILE.map, and is not part of it. Keep it: with it, lander run FILE reports errors at lines of your source.',
    ],
    examples: ['lander pack count.ts --key me --data s3://logs-eu/2026/ --limit wallMs=30000'],
    json: '{file, bytes, digest, keyId, entries: [{name, role, bytes, stored}]}',
    page: 'agent-api.md',
  }).action(async (agent: string, options: PackOptions) => {
    if (options.data === undefined) {
      throw new UsageError('USAGE', 'no data is named; --data is missing', {
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
