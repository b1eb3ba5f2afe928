import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Command, Option } from 'commander'
import { CONFIG_FILE, type ConfigFile, draftConfig, parseConfig } from '../../lib/config/index.ts'
import { toBase64url } from '../../lib/encoding/base64url.ts'
import { UsageError } from '../../lib/errors.ts'
import { locateBucket } from '../../lib/fleet/locate-bucket.ts'
import { parseDataUri } from '../../lib/objects/data-uri.ts'
import { createS3Client } from '../../lib/objects/s3.ts'
import type { Scope } from '../../lib/scope.ts'
import { readPublicKeyFile, writeKeyFiles } from '../../lib/trust/key-files.ts'
import { generateKey } from '../../lib/trust/keys.ts'
import { ask } from '../terminal/ask.ts'
import { note, printResult } from '../terminal/output.ts'
import { withHelp } from './help-sections.ts'
import { dataOption, jsonOption } from './options.ts'

const SCHEMA = 'docs/lander.config.schema.json'

interface InitOptions {
  out: string
  name?: string
  data?: Scope[]
  regions?: string
  rootKey?: string
  confidential?: boolean
  network?: 'open' | 'isolated'
  json?: boolean
}

/** `lander init`: writes the configuration of a new fleet. */
export function initCommand(): Command {
  const command = new Command('init')
    .description('write the configuration of a new fleet for cdk deploy')
    .option('--name <name>', 'the name of the fleet')
    .addOption(dataOption('what the fleet’s functions may read: one or more of s3://bucket/prefix'))
    .option('--regions <a,b>', 'regions to deploy to besides those of the data')
    .option(
      '--root-key <file>',
      'the public root key (.pub), whose private half signs the key policy (default: root.key.pub, created if missing)',
    )
    .option('--confidential', 'mark the data as confidential: functions get no route to the internet')
    .addOption(
      new Option(
        '--network <kind>',
        'the functions’ network (default: isolated for confidential data, else open)',
      ).choices(['open', 'isolated']),
    )
    .option('--out <file>', 'the configuration file to write', CONFIG_FILE)
    .addOption(jsonOption())
  return withHelp(command, {
    notes: [
      'It asks AWS for the region of each bucket. At a terminal it asks for the name and the data if they are not given.',
    ],
    examples: ['lander init', 'lander init --name sales --data s3://sales-eu/2026/ --confidential'],
    json: '{file, rootKey, config}',
    page: 'deploy.md',
  }).action(async (options: InitOptions) => {
    const { out, json } = options
    requireAbsent(out)
    const draft = await draftFrom(options)
    // Check the draft first, so that an invalid one leaves no new key behind.
    parseConfig(draft, out)
    const rootKey = options.rootKey ?? (await ownRootKey(dirname(out)))
    const { publicKey } = await readPublicKeyFile(rootKey)
    const config = { ...draft, rootKey: toBase64url(publicKey) }
    await writeFile(out, `${JSON.stringify(config, undefined, 2)}\n`, { flag: 'wx' })
    printResult(json, { file: out, rootKey, config }, () => describe(out, config))
  })
}

async function draftFrom({ name, data, regions, confidential, network, out }: InitOptions): Promise<ConfigFile> {
  const fleet = name ?? (await ask({ text: 'name of the fleet', option: '--name NAME' }))
  const scopes = data ?? (await askForData())
  const regionOf = await locateAll(scopes)
  for (const [bucket, region] of regionOf) note(`bucket ${bucket} lies in ${region}`)
  const others = regions?.split(',') ?? []
  const draft = draftConfig({ fleet, scopes, regionOf, regions: others, network, confidential: confidential === true })
  // In a checkout, `$schema` lets editors complete and check the file.
  return existsSync(join(dirname(out), SCHEMA)) ? { $schema: SCHEMA, ...draft } : draft
}

async function askForData(): Promise<Scope[]> {
  const answer = await ask({ text: 'data: one or more of s3://bucket/prefix', option: '--data URI' })
  return answer.split(/[\s,]+/).map((uri) => parseDataUri(uri))
}

async function locateAll(scopes: readonly Scope[]): Promise<Map<string, string>> {
  const s3 = createS3Client({
    region: process.env.AWS_REGION ?? 'us-east-1',
    ...(process.env.AWS_ENDPOINT_URL && { endpoint: process.env.AWS_ENDPOINT_URL }),
  })
  try {
    const buckets = [...new Set(scopes.map(({ bucket }) => bucket))]
    return new Map(await Promise.all(buckets.map(async (name) => [name, await locateBucket(s3, name)] as const)))
  } finally {
    s3.destroy()
  }
}

/** The public root key beside the configuration. Creates the key pair if it does not exist. */
async function ownRootKey(folder: string): Promise<string> {
  const path = join(folder, 'root.key')
  if (!existsSync(`${path}.pub`)) {
    await writeKeyFiles(path, generateKey())
    note(`created ${path}: it signs the key policy; keep it offline and out of version control`)
  }
  return `${path}.pub`
}

function requireAbsent(path: string): void {
  if (!existsSync(path)) return
  throw new UsageError('FILE_EXISTS', `"${path}" exists`, { remedy: 'edit it, or name another file with --out' })
}

function describe(path: string, { fleet, regions }: ConfigFile): string {
  return [
    `${path}: fleet ${fleet} in ${regions.join(', ')}`,
    'deploy it:   npm run build:functions && npx cdk deploy --all --outputs-file outputs.json',
    'import it:   lander fleet import outputs.json',
    'trust a key: lander trust add KEY.pub --fleet fleet.json --root root.key --publish',
  ].join('\n')
}
