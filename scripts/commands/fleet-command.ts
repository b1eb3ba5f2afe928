import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { Command } from 'commander'
import { ensureFunctionAsset } from '../../lib/assets/function-asset.ts'
import { updateInlineSecret } from '../../lib/aws/inline-secret.ts'
import type { SecretStore } from '../../lib/aws/secret-store.ts'
import { CONFIG_FILE, parseOutputs, readConfig } from '../../lib/config/index.ts'
import { RefusedError, UsageError, type WireError } from '../../lib/errors.ts'
import { createFleetClients, type FleetClients } from '../../lib/fleet/clients.ts'
import { type Fleet, readFleetFile, writeFleetFile } from '../../lib/fleet/fleet-file.ts'
import { FORMAT_VERSION } from '../../lib/format-version.ts'
import { parseJsonFile } from '../../lib/json-file.ts'
import { localFleetFiles } from '../../lib/local/fleet-files.ts'
import { checkFleet, type ExpectedBucket, type FleetReport } from '../../lib/operate/check.ts'
import { rotateFleet } from '../../lib/operate/rotate.ts'
import { engineDigest } from '../../lib/sandbox/contract/assets.ts'
import { EXIT, note, paint, printResult, table } from '../terminal/output.ts'
import { withRemedy } from '../terminal/remedies.ts'
import { fleetOption, fleetPath, LOCAL, readFleet, readFleetOffline } from './fleet-option.ts'
import { withHelp } from './help-sections.ts'
import { jsonOption, localDir } from './options.ts'

const CHECK_JSON =
  '{sound, regions: [{region, probe, skewMs, problems}], buckets: [{bucket, region, problem}], receiptKeys}'

interface FleetOptions {
  fleet: string
  json?: boolean
}

/** `lander fleet`: import, check and rotate a deployment. */
export function fleetCommand(): Command {
  return new Command('fleet')
    .description('import, check and rotate a deployment')
    .addCommand(importCommand())
    .addCommand(checkCommand())
    .addCommand(rotateCommand())
}

function importCommand(): Command {
  const command = new Command('import')
    .description('write the fleet file of a deployment, then check the deployment')
    .argument('<outputs>', 'the file that cdk deploy --all --outputs-file wrote')
    .option('--out <file>', 'the fleet file to write', 'fleet.json')
    .option('--config <file>', 'the configuration whose data buckets are checked', CONFIG_FILE)
    .option('--offline', 'make no network calls; lander fleet check adds the receipt keys later')
    .addOption(jsonOption())
  return withHelp(command, {
    examples: ['lander fleet import outputs.json', 'lander fleet import outputs.json --out sales.json --offline'],
    json: `${CHECK_JSON}; with --offline, the fleet file`,
    page: 'deploy.md',
  }).action(async (path: string, options: { out: string; config: string; offline?: boolean; json?: boolean }) => {
    const { out, offline, config, json } = options
    const deployed = parseOutputs(parseJsonFile(await readText(path), path), path)
    const fleet: Fleet = {
      lander: FORMAT_VERSION,
      name: deployed.name,
      rootKey: deployed.rootKey,
      receiptKeys: await formerReceiptKeys(out, deployed.name),
      regions: [...deployed.regions],
    }
    await writeFleetFile(out, fleet)
    note(`wrote ${out}: fleet ${fleet.name} in ${fleet.regions.map(({ region }) => region).join(', ')}`)
    if (offline) return printResult(json, fleet, () => '')
    await check(fleet, out, config, json)
  })
}

async function readText(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((cause: unknown) => {
    throw new UsageError('FILE_NOT_FOUND', `file "${path}" can't be read`, {
      remedy: 'write it with cdk deploy --all --outputs-file',
      cause,
    })
  })
}

/** Importing a fleet again keeps the receipt keys of old epochs, because old receipts need them. */
async function formerReceiptKeys(path: string, name: string): Promise<Fleet['receiptKeys']> {
  if (!existsSync(path)) return []
  const former = await readFleetFile(path).catch(unlessOutdated)
  if (former === undefined) return []
  if (former.name === name) return former.receiptKeys
  throw new UsageError('FILE_EXISTS', `${path} is the file of fleet "${former.name}", these are outputs of "${name}"`, {
    remedy: 'name another file with --out',
  })
}

/** A file of an older format is replaced: receipts of its time can not be read any more, so its keys are not missed. */
function unlessOutdated(error: unknown): undefined {
  if (!(error instanceof RefusedError) || error.code !== 'VERSION_UNSUPPORTED') throw error
}

function checkCommand(): Command {
  const command = new Command('check')
    .description(
      'check every region: reachable, same version, keys and policy as the others, right time, right buckets',
    )
    .addOption(fleetOption())
    .option('--config <file>', 'the configuration whose data buckets are checked', CONFIG_FILE)
    .addOption(jsonOption())
  return withHelp(command, {
    notes: ['New receipt keys of the regions are added to the fleet file.'],
    examples: ['lander fleet check', 'lander fleet check --fleet fleet.json'],
    json: CHECK_JSON,
    page: 'trust.md#check',
  }).action(async ({ fleet, config, json }: FleetOptions & { config: string }) => {
    await check(await readFleet(fleet), fleetPath(fleet), config, json)
  })
}

async function check(fleet: Fleet, path: string, config: string, json: boolean | undefined): Promise<void> {
  using clients = createFleetClients(fleet)
  const engine = engineDigest(await ensureFunctionAsset())
  const report = await checkFleet({ fleet, clients, engine, data: await dataOf(fleet, config) })
  if (report.receiptKeys.length > fleet.receiptKeys.length)
    await writeFleetFile(path, { ...fleet, receiptKeys: [...report.receiptKeys] })
  process.exitCode = report.sound ? EXIT.done : EXIT.unreachable
  printResult(json, report, () => describe(report))
}

/** The data buckets of the configuration; none if there is no configuration or it is another fleet's. */
async function dataOf({ name }: Fleet, path: string): Promise<readonly ExpectedBucket[]> {
  if (!existsSync(path)) return []
  const config = await readConfig(path)
  return config.fleet === name ? config.data : []
}

function rotateCommand(): Command {
  const command = new Command('rotate')
    .description(
      'start a new epoch of the fleet’s secret; the previous epoch still opens states that were sealed with it',
    )
    .addOption(fleetOption())
    .option('--immediately', 'end the previous epoch now, because its secret leaked; agents between regions are lost')
    .addOption(jsonOption())
  return withHelp(command, {
    notes: ['Without --immediately, the previous epoch ends when the last order of its time has expired.'],
    examples: ['lander fleet rotate --fleet fleet.json'],
    json: '{epoch, formerUntil, updated}',
    page: 'trust.md',
  }).action(async ({ fleet: named, immediately, json }: FleetOptions & { immediately?: boolean }) => {
    const fleet = await readFleetOffline(named)
    using clients = createFleetClients(fleet)
    const store = await secretStore(named, fleet)
    const rotation = await rotateFleet(fleet, { store, now: Date.now(), ...(immediately && { overlapMs: 0 }) })
    await writeFleetFile(fleetPath(named), rotation.fleet)
    const updated = named === LOCAL ? [] : await updateIsolated(fleet, rotation.secret, clients)
    const { epoch, formerUntil } = rotation
    printResult(json, { epoch, formerUntil: formerUntil ?? null, updated }, () => {
      const former =
        formerUntil === undefined ? 'has ended' : `opens sealed states until ${new Date(formerUntil).toISOString()}`
      return `epoch ${paint('bold', String(epoch))} seals and signs from now on; the previous one ${former}`
    })
  })
}

/** The store of the secret: a file for the local fleet, else Secrets Manager. cdk/constructs/fleet-secret.ts names it. */
async function secretStore(named: string, { name, regions, endpoint }: Fleet): Promise<SecretStore> {
  // Loaded here, because the other commands don't need this client of the SDK and start faster without it.
  const { createManagedSecret, createSecretFile } = await import('../../lib/aws/secret-store.ts')
  if (named === LOCAL) return createSecretFile(localFleetFiles(localDir()).secret)
  return createManagedSecret({ name: `lander/${name}`, region: regions[0]!.region, endpoint })
}

/** Updates the functions that hold the secret in their environment. @returns their regions */
async function updateIsolated({ regions }: Fleet, secret: string, clients: FleetClients): Promise<string[]> {
  const updated = await Promise.all(
    regions.map(async ({ region, functionName }) =>
      (await updateInlineSecret(clients.lambda(region), functionName, secret)) ? [region] : [],
    ),
  )
  return updated.flat()
}

function describe({ regions, buckets, sound }: FleetReport): string {
  const rows = regions.map(({ region, probe, skewMs, problems }) => [
    region,
    problems.length === 0 ? paint('green', 'sound') : paint('red', problems.map(({ code }) => code).join(', ')),
    probe?.version ?? '',
    String(probe?.policy ?? ''),
    probe?.receiptKeys.map(({ epoch }) => epoch).join(', ') ?? '',
    skewMs === undefined ? '' : `${(skewMs / 1000).toFixed(1)} s`,
  ])
  const problems = [...regions.flatMap((region) => region.problems), ...buckets.flatMap(({ problem }) => problem ?? [])]
  return [
    table(['region', 'state', 'version', 'policy', 'epochs', 'clock'], rows),
    ...buckets.map(({ bucket, region, problem }) => `s3://${bucket}/ in ${region}: ${problem?.code ?? 'there'}`),
    ...problems.map(withRemedy).map(describeProblem),
    sound ? paint('green', 'agents can land everywhere') : '',
  ].join('\n')
}

function describeProblem({ code, message, remedy }: WireError): string {
  const advice = remedy === undefined ? '' : `\n  ${paint('green', 'remedy')}: ${remedy}`
  return `${paint('red', code)}: ${message}${advice}`
}
