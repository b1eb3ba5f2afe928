import { basename, dirname, join } from 'node:path'
import { Command, Option } from 'commander'
import { UsageError } from '../../lib/errors.ts'
import { createFleetClients } from '../../lib/fleet/clients.ts'
import type { Fleet } from '../../lib/fleet/fleet.ts'
import { type Limits, MAX_LIMITS } from '../../lib/limits.ts'
import { localFleetFiles } from '../../lib/local/fleet-files.ts'
import { formatDataUri } from '../../lib/objects/data-uri.ts'
import { changePolicyFile, readPolicyFile } from '../../lib/operate/policy-file.ts'
import { publishPolicyFile } from '../../lib/operate/publish-policy.ts'
import type { Scope } from '../../lib/scope.ts'
import { createGrant, withGrant, withRevocation } from '../../lib/trust/grant.ts'
import { readKeyFile, readPublicKeyFile } from '../../lib/trust/key-files.ts'
import type { KeyGrant, KeyPolicy } from '../../lib/trust/key-policy.ts'
import type { SigningKey } from '../../lib/trust/keys.ts'
import { note, paint, printResult, table } from '../terminal/output.ts'
import { fleetOption, fleetPath, LOCAL, readFleet, readFleetOffline } from './fleet-option.ts'
import { dataOption, limitOption, localDir, parseDuration } from './options.ts'

/** What every command of `lander trust` may be told. */
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

/** A warm function asks for the policy no more often: `maxAgeMs` of lib/host/policy-source.ts. */
const TAKEN_UP = 'functions take it up within 30 seconds'

/** `lander trust`: whose agents a fleet lets in. */
export function trustCommand(): Command {
  return new Command('trust')
    .description('whose agents a fleet lets in, and what they may do there')
    .addCommand(addCommand())
    .addCommand(revokeCommand())
    .addCommand(listCommand())
    .addCommand(publishCommand())
}

function addCommand(): Command {
  return changing('add', 'trust a key, or change what it may do')
    .argument('<key>', 'a public key: the .pub file of lander keygen')
    .option('--name <name>', 'whose key it is (default: the name of its file)')
    .option('--regions <a,b>', 'the only regions it may land in (default: any)')
    .addOption(dataOption('the only data its agents may read (default: all that the fleet can)'))
    .addOption(new Option('--role <role>', 'what it may sign (default: both)').choices(['author', 'sender']))
    .addOption(limitOption())
    .addOption(new Option('--until <time>', 'until when: 90d, or 2027-01-31 (default: a year)').argParser(parseUntil))
    .option('--no-compiles', 'its agents may not compile code while they run')
    .option('--export-state', 'state of its agents may leave the regions for places of the sender’s own')
    .action(async (path: string, options: AddOptions) => {
      const { publicKey, keyId } = await readPublicKeyFile(path)
      await change(options, (policy, fleet) => {
        const grant = createGrant(publicKey, fleet.name, grantOptions(path, options, fleet))
        return withGrant(policy, grant, Date.now())
      })
      note(`trusts ${keyId}`)
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
  return changing('revoke', 'never let a key in again')
    .argument('<key>', 'its id, as lander trust list shows it')
    .action(async (keyId: string, options: TrustOptions) => {
      await change(options, (policy, fleet) => {
        const revoked = withRevocation(policy, keyId, Date.now())
        if (revoked !== undefined) return revoked
        throw new UsageError('USAGE', `the policy of fleet "${fleet.name}" has no key "${keyId}"`, {
          remedy: 'see lander trust list',
        })
      })
      note(`revoked ${keyId}`)
    })
}

function listCommand(): Command {
  return offline('list', 'show the keys of the policy file').action(async (options: TrustOptions) => {
    const { policy } = await readPolicyFile(policyPath(options), await readFleetOffline(options.fleet))
    printResult(options.json, policy, () => describe(policy))
  })
}

function publishCommand(): Command {
  return offline('publish', 'put the policy file into every region, where it holds within 30 seconds').action(
    async (options: TrustOptions) => {
      const fleet = await readFleet(options.fleet)
      const version = await publish(options, fleet)
      const regions = fleet.regions.map(({ region }) => region)
      printResult(options.json, { version, regions }, () => `published version ${version} in ${regions.join(', ')}`)
      note(TAKEN_UP)
    },
  )
}

function offline(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .addOption(fleetOption())
    .option('--policy <file>', 'the policy file (default: policy.json beside the fleet file)')
    .option('--json', 'print one JSON document')
}

function changing(name: string, description: string): Command {
  return offline(name, description)
    .option('--root <file>', 'the root key, which signs the policy (a local fleet has one of its own)')
    .option('--publish', 'publish it at once')
}

/** Changes the policy file, publishes it if wanted, and shows what it says now. */
async function change(options: TrustOptions, next: (policy: KeyPolicy, fleet: Fleet) => KeyPolicy): Promise<void> {
  const fleet = await (options.publish ? readFleet : readFleetOffline)(options.fleet)
  const path = policyPath(options)
  const root = await readRoot(options)
  const policy = await changePolicyFile({ path, fleet, root, now: Date.now(), change: (policy) => next(policy, fleet) })
  if (options.publish) await publish(options, fleet)
  printResult(options.json, policy, () => describe(policy))
  if (options.publish) note(`published version ${policy.version}: ${TAKEN_UP}`)
  else note(`version ${policy.version} holds once it is published: lander trust publish`)
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
  throw new UsageError('USAGE', `"${text}" is no time to come`, { remedy: 'write 90d, or a date such as 2027-01-31' })
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
