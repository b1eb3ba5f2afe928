import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { Command } from 'commander'
import { ensureFunctionAsset } from '../../lib/assets/function-asset.ts'
import { updateInlineSecret } from '../../lib/aws/inline-secret.ts'
import type { SecretStore } from '../../lib/aws/secret-store.ts'
import { CONFIG_FILE, parseJson, parseOutputs, readConfig } from '../../lib/config/index.ts'
import { UsageError, type WireError } from '../../lib/errors.ts'
import { createFleetClients, type FleetClients } from '../../lib/fleet/clients.ts'
import { type Fleet, readFleetFile, writeFleetFile } from '../../lib/fleet/fleet.ts'
import { localFleetFiles } from '../../lib/local/fleet-files.ts'
import { checkFleet, type ExpectedBucket, type FleetReport } from '../../lib/operate/check.ts'
import { rotateFleet } from '../../lib/operate/rotate.ts'
import { engineDigest } from '../../lib/sandbox/contract/assets.ts'
import { EXIT, note, paint, printResult, table } from '../terminal/output.ts'
import { withRemedy } from '../terminal/remedies.ts'
import { fleetOption, fleetPath, LOCAL, readFleet, readFleetOffline } from './fleet-option.ts'
import { localDir } from './options.ts'

interface FleetOptions {
  fleet: string
  json?: boolean
}

/** `lander fleet`: the regions that are deployed. */
export function fleetCommand(): Command {
  return new Command('fleet')
    .description('the regions that are deployed')
    .addCommand(importCommand())
    .addCommand(checkCommand())
    .addCommand(rotateCommand())
}

function importCommand(): Command {
  return new Command('import')
    .description('write the fleet file of a deployment, and check what it says')
    .argument('<outputs>', 'what cdk deploy --outputs-file wrote')
    .option('--out <file>', 'where to write it', 'fleet.json')
    .option('--config <file>', 'the configuration whose buckets are checked', CONFIG_FILE)
    .option('--offline', 'ask nothing of the network; lander fleet check adds the receipt keys later')
    .option('--json', 'print one JSON document')
    .action(async (path: string, options: { out: string; config: string; offline?: boolean; json?: boolean }) => {
      const { out, offline, config, json } = options
      const deployed = parseOutputs(parseJson(await readText(path), path), path)
      const fleet: Fleet = {
        lander: 1,
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

/** A fleet that is imported again keeps the receipt keys of old epochs. */
async function formerReceiptKeys(path: string, name: string): Promise<Fleet['receiptKeys']> {
  if (!existsSync(path)) return []
  const former = await readFleetFile(path)
  if (former.name === name) return former.receiptKeys
  throw new UsageError('FILE_EXISTS', `${path} is the file of fleet "${former.name}", these are outputs of "${name}"`, {
    remedy: 'name another file with --out',
  })
}

function checkCommand(): Command {
  return new Command('check')
    .description('ask every region what it is: reachable, of one piece, at the right time, beside its data')
    .addOption(fleetOption())
    .option('--config <file>', 'the configuration whose buckets are checked', CONFIG_FILE)
    .option('--json', 'print one JSON document')
    .action(async ({ fleet, config, json }: FleetOptions & { config: string }) => {
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

/** The buckets of the configuration, where there is one of this fleet. */
async function dataOf({ name }: Fleet, path: string): Promise<readonly ExpectedBucket[]> {
  if (!existsSync(path)) return []
  const config = await readConfig(path)
  return config.fleet === name ? config.data : []
}

function rotateCommand(): Command {
  return new Command('rotate')
    .description('give the fleet a new secret; the one before opens what is on its way')
    .addOption(fleetOption())
    .option('--immediately', 'end the former secret at once, because it got out: agents on their way are lost')
    .option('--json', 'print one JSON document')
    .action(async ({ fleet: named, immediately, json }: FleetOptions & { immediately?: boolean }) => {
      const fleet = await readFleetOffline(named)
      using clients = createFleetClients(fleet)
      const store = await secretStore(named, fleet)
      const rotation = await rotateFleet(fleet, { store, now: Date.now(), ...(immediately && { overlapMs: 0 }) })
      await writeFleetFile(fleetPath(named), rotation.fleet)
      const updated = named === LOCAL ? [] : await updateIsolated(fleet, rotation.secret, clients)
      const { epoch, formerUntil } = rotation
      printResult(json, { epoch, formerUntil: formerUntil ?? null, updated }, () => {
        const former =
          formerUntil === undefined ? 'has ended' : `opens boxes until ${new Date(formerUntil).toISOString()}`
        return `epoch ${paint('bold', String(epoch))} seals and signs from now on; the one before ${former}`
      })
    })
}

/** Where the secret is kept: in a file of the local fleet, or under the name that cdk/constructs/fleet-secret.ts gives it. */
async function secretStore(named: string, { name, regions, endpoint }: Fleet): Promise<SecretStore> {
  // Loaded here, so that no other command waits for one more of the SDK's clients.
  const { createManagedSecret, createSecretFile } = await import('../../lib/aws/secret-store.ts')
  if (named === LOCAL) return createSecretFile(localFleetFiles(localDir()).secret)
  return createManagedSecret({ name: `lander/${name}`, region: regions[0]!.region, endpoint })
}

/** The regions whose functions carry the secret themselves. */
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
  const mend = remedy === undefined ? '' : `\n  ${paint('green', 'remedy')}: ${remedy}`
  return `${paint('red', code)}: ${message}${mend}`
}
