import { basename, dirname, join } from 'node:path'
import { Command, Option } from 'commander'
import { UsageError } from '../../lib/errors.ts'
import { createFleetClients } from '../../lib/fleet/clients.ts'
import type { Fleet } from '../../lib/fleet/fleet-file.ts'
import { type Limits, MAX_LIMITS } from '../../lib/limits.ts'
import { localFleetFiles } from '../../lib/local/fleet-files.ts'
import { formatDataUri } from '../../lib/objects/data-uri.ts'
import { changePolicyFile, readPolicyFile } from '../../lib/operate/operator-policy-file.ts'
import { publishPolicyFile } from '../../lib/operate/publish-policy.ts'
import type { Scope } from '../../lib/scope.ts'
import { createGrant, withGrant, withRevocation } from '../../lib/trust/grant.ts'
import { readKeyFile, readPublicKeyFile } from '../../lib/trust/key-files.ts'
import type { KeyGrant, KeyPolicy } from '../../lib/trust/key-policy.ts'
import type { SigningKey } from '../../lib/trust/keys.ts'
import { note, paint, printResult, table } from '../terminal/output.ts'
import { fleetOption, fleetPath, LOCAL, readFleet, readFleetOffline } from './fleet-option.ts'
import { withHelp } from './help-sections.ts'
import { dataOption, jsonOption, limitOption, localDir, parseDuration } from './options.ts'

/** The options that all commands of `lander trust` share. */
interface TrustOptions {
  fleet: string
  policy?: string
  root?: string
  publish?: boolean
  json?: boolean
}

interface AddOptions extends TrustOptions {
  name?: string
  regions?: string
  data?: Scope[]
  role?: KeyGrant['roles'][number]
  limit?: Partial<Limits>
  until?: number
  compiles: boolean
  exportState?: boolean
}

/** Warm functions cache the policy for this long: `maxAgeMs` of lib/host/policy-source.ts. */
const EFFECTIVE = 'functions apply it within 30 seconds'

/** `lander trust`: the key policy, which says whose agents a fleet admits. */
export function trustCommand(): Command {
  return new Command('trust')
    .description('manage the key policy: whose agents a fleet admits, and what they may do')
    .addCommand(addCommand())
    .addCommand(revokeCommand())
    .addCommand(listCommand())
    .addCommand(publishCommand())
}

function addCommand(): Command {
  const command = changing('add', 'trust a key, or change what a trusted key may do')
    .argument('<key>', 'a public key: the .pub file that lander keygen wrote')
    .option('--name <name>', 'the owner of the key (default: the name of the file)')
    .option('--regions <a,b>', 'the only regions where its agents may land (default: all)')
    .addOption(dataOption('the only data that its agents may read (default: all that the fleet can read)'))
    .addOption(
      new Option('--role <role>', 'what the key may sign: bundles (author) or orders (sender) (default: both)').choices(
        ['author', 'sender'],
      ),
    )
    .addOption(limitOption())
    .addOption(
      new Option('--until <time>', 'the end of the trust, such as 90d or 2027-01-31 (default: in a year)').argParser(
        parseUntil,
      ),
    )
    .option('--no-compiles', 'its agents must not compile code while they run')
    .option('--export-state', 'the state of its agents may leave regions for places of the client')
  return withHelp(command, {
    examples: ['lander trust add me.pub --fleet fleet.json --root root.key --publish'],
    json: 'the key policy',
    page: 'trust.md',
  }).action(async (path: string, options: AddOptions) => {
    const { publicKey, keyId } = await readPublicKeyFile(path)
    await change(options, (policy, fleet) => {
      const grant = createGrant(publicKey, fleet.name, grantOptions(path, options, fleet))
      return withGrant(policy, grant, Date.now())
    })
    note(`trusted ${keyId}`)
  })
}

function grantOptions(path: string, options: AddOptions, fleet: Fleet) {
  const { name = basename(path, '.pub'), regions, data, role, limit, until, compiles, exportState } = options
  return {
    name,
    now: Date.now(),
    compiles,
    ...(regions !== undefined && { regions: deployedRegions(regions.split(','), fleet) }),
    ...(data && { scopes: data }),
    ...(exportState && { exportState }),
    ...(role && { roles: [role] }),
    ...(limit && { limits: { ...MAX_LIMITS, ...limit } }),
    ...(until !== undefined && { notAfter: until }),
  }
}

function deployedRegions(named: string[], { name, regions }: Fleet): string[] {
  const deployed = regions.map(({ region }) => region)
  const unknown = named.find((region) => !deployed.includes(region))
  if (unknown === undefined) return named
  throw new UsageError('REGION_UNKNOWN', `fleet "${name}" has no region "${unknown}"`, {
    remedy: `use one of ${deployed.join(', ')}`,
  })
}

function revokeCommand(): Command {
  const command = changing('revoke', 'revoke a key for ever').argument('<key>', 'the key’s id, from lander trust list')
  return withHelp(command, {
    examples: ['lander trust revoke 3f9a… --fleet fleet.json --root root.key --publish'],
    json: 'the key policy',
    page: 'trust.md',
  }).action(async (keyId: string, options: TrustOptions) => {
    await change(options, (policy, fleet) => {
      const revoked = withRevocation(policy, keyId, Date.now())
      if (revoked !== undefined) return revoked
      throw new UsageError('USAGE', `the policy of fleet "${fleet.name}" has no key "${keyId}"`, {
        remedy: 'list the keys with lander trust list',
      })
    })
    note(`revoked ${keyId}`)
  })
}

function listCommand(): Command {
  return withHelp(policyCommand('list', 'show the keys of the policy file'), {
    examples: ['lander trust list --fleet fleet.json'],
    json: 'the key policy',
    page: 'trust.md',
  }).action(async (options: TrustOptions) => {
    const { policy } = await readPolicyFile(policyPath(options), await readFleetOffline(options.fleet))
    printResult(options.json, policy, () => describe(policy))
  })
}

function publishCommand(): Command {
  return withHelp(
    policyCommand('publish', 'upload the policy file to every region; functions apply it within 30 seconds'),
    {
      examples: ['lander trust publish --fleet fleet.json'],
      json: '{version, regions}',
      page: 'trust.md',
    },
  ).action(async (options: TrustOptions) => {
    const fleet = await readFleet(options.fleet)
    const version = await publish(options, fleet)
    const regions = fleet.regions.map(({ region }) => region)
    printResult(options.json, { version, regions }, () => `published version ${version} in ${regions.join(', ')}`)
    note(EFFECTIVE)
  })
}

function policyCommand(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .addOption(fleetOption())
    .option('--policy <file>', 'the policy file (default: policy.json beside the fleet file)')
    .addOption(jsonOption())
}

function changing(name: string, description: string): Command {
  return policyCommand(name, description)
    .option('--root <file>', 'the private root key, which signs the policy (default for a local fleet: its root key)')
    .option('--publish', 'publish the policy afterwards')
}

/** Changes the policy file, publishes it with `--publish`, and prints the new policy. */
async function change(options: TrustOptions, next: (policy: KeyPolicy, fleet: Fleet) => KeyPolicy): Promise<void> {
  const fleet = await (options.publish ? readFleet : readFleetOffline)(options.fleet)
  const path = policyPath(options)
  const root = await readRoot(options)
  const policy = await changePolicyFile({ path, fleet, root, now: Date.now(), change: (policy) => next(policy, fleet) })
  if (options.publish) await publish(options, fleet)
  printResult(options.json, policy, () => describe(policy))
  if (options.publish) note(`published version ${policy.version}: ${EFFECTIVE}`)
  else note(`version ${policy.version} takes effect when you publish it: lander trust publish`)
}

async function publish(options: TrustOptions, fleet: Fleet): Promise<number> {
  using clients = createFleetClients(fleet)
  return publishPolicyFile(policyPath(options), { fleet, clients, now: Date.now() })
}

function policyPath({ policy, fleet }: TrustOptions): string {
  return policy ?? join(dirname(fleetPath(fleet)), 'policy.json')
}

async function readRoot({ root, fleet }: TrustOptions): Promise<SigningKey> {
  if (root !== undefined) return readKeyFile(root)
  if (fleet === LOCAL) return readKeyFile(localFleetFiles(localDir()).rootKey)
  throw new UsageError('USAGE', 'no root key is named', { remedy: 'sign the policy with --root FILE' })
}

function parseUntil(text: string): number {
  if (/^\d+[smhd]$/.test(text)) return Date.now() + parseDuration(text)
  const time = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN
  if (time > Date.now()) return time
  throw new UsageError('USAGE', `"${text}" is not a future time`, { remedy: 'write 90d, or a date such as 2027-01-31' })
}

function describe({ fleet, version, expiresAt, threshold, keys, denied }: KeyPolicy): string {
  const rows = keys.map((key) => [
    key.keyId,
    key.name,
    key.status === 'revoked' ? paint('red', 'revoked') : key.roles.join(', '),
    key.regions.join(', '),
    key.scopes.map(describeScope).join(', ') || 'nothing',
    new Date(key.notAfter).toISOString().slice(0, 10),
  ])
  const signatures = threshold === 1 ? 'one signature' : `${threshold} signatures`
  return [
    `key policy of fleet ${paint('bold', fleet)}, version ${version}, until ${new Date(expiresAt).toISOString().slice(0, 10)}`,
    `a bundle needs ${signatures}; ${denied.length} bundles are denied`,
    table(['key', 'name', 'may', 'regions', 'data', 'until'], rows),
  ].join('\n')
}

const describeScope = (scope: Scope): string => (scope.bucket === '*' ? 'any' : formatDataUri(scope))
