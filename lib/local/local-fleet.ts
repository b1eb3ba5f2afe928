/** A fleet in the local cloud: agent buckets, key policy and functions, as the CDK deploys them. */

import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ensureFunctionAsset } from '../assets/function-asset.ts'
import { ensureRelayAsset } from '../assets/relay-asset.ts'
import { ensureInstalledCompilers } from '../bundle/compiler-asset.ts'
import { toBase64url } from '../encoding/base64url.ts'
import { parseStrictJson } from '../encoding/strict-json.ts'
import { RefusedError, UsageError } from '../errors.ts'
import { makeFolder } from '../files/file-error.ts'
import { writeFileAtomically } from '../files/write-file-atomically.ts'
import { createFleetClients } from '../fleet/clients.ts'
import { type Fleet, readFleetFile, writeFleetFile } from '../fleet/fleet-file.ts'
import { mergeReceiptKeys, type PublicReceiptKey, publicReceiptKeys } from '../fleet/receipt-keys.ts'
import { FORMAT_VERSION } from '../format-version.ts'
import { regionOf } from '../gravity/tables/regions.ts'
import { publishPolicy } from '../operate/publish-policy.ts'
import { createFleetSecret, formatFleetSecret, parseFleetSecret } from '../trust/fleet-secret.ts'
import { createGrant, createPolicy, withGrant } from '../trust/grant.ts'
import { readKeyFile, writeKeyFiles } from '../trust/key-files.ts'
import { generateKey, type SigningKey } from '../trust/keys.ts'
import { MAX_POLICY_BYTES, signPolicy, verifyPolicy } from '../trust/policy.ts'
import { type LocalCloud, startCloud, type WanOptions } from './cloud.ts'
import { type LocalFleetFiles, localFleetFiles } from './fleet-files.ts'
import type { LambdaTuning } from './lambda/service.ts'
import { DEFAULT_CLIENT_BPS } from './wan.ts'

/** Options of {@link startLocalFleet}. */
export interface LocalFleetOptions {
  /** The folder for buckets, keys, policy and fleet file. The next start in the same folder uses them again. */
  readonly dir: string
  readonly regions: readonly string[]
  /** @default any free port */
  readonly port?: number
  /** Whether the endpoint serves HTTPS, as AWS does. @default false */
  readonly tls?: boolean
  /** Simulated links between the client and the regions, and between regions. @default none */
  readonly wan?: WanOptions
  /** The timeout of the data-locality function in seconds. @default 900, Lambda's maximum */
  readonly timeoutSeconds?: number
  /** The memory of the data-locality function. @default 1769, with which Lambda gives one vCPU */
  readonly memoryMb?: number
  /** How function instances are managed. */
  readonly lambda?: LambdaTuning
  /** Milliseconds since 1970. @default Date.now */
  readonly now?: () => number
}

/** A fleet in a local cloud. Disposing it stops the cloud and keeps its files. */
export interface LocalFleet extends AsyncDisposable {
  readonly fleet: Fleet
  readonly cloud: LocalCloud
  readonly files: LocalFleetFiles
  /** The developer key, which the fleet trusts. */
  readonly developer: SigningKey
}

const FLEET = 'local'
const FUNCTION = 'lander-local-data-locality'
const RELAY = 'lander-local-relay'
const COMPILER = 'lander-local-compiler'
/** The memory of the compiler function, as in the CDK. */
const COMPILER_MB = 2048
/** A compilation is stopped after 20 seconds. The rest is for a cold start on a busy computer. */
const COMPILER_SECONDS = 60
/** The memory of the relay function. Its largest object is one sealed state. */
const RELAY_MB = 512

/**
 * Starts a local cloud and deploys a fleet to it, with the same function code that the CDK deploys.
 *
 * @throws UsageError `LOCAL_RUNNING` if the port is in use; `REGION_UNKNOWN`
 */
export async function startLocalFleet(options: LocalFleetOptions): Promise<LocalFleet> {
  const { dir, regions, port, tls = false, wan, timeoutSeconds = 900, memoryMb = 1769, now = Date.now } = options
  requireRegions(regions)
  if (wan?.near !== undefined) regionOf(wan.near)
  const files = localFleetFiles(dir)
  await makeFolder(files.data)
  const [root, developer] = await Promise.all([keyAt(files.rootKey), keyAt(files.developerKey)])
  const assets = [ensureFunctionAsset(), ensureRelayAsset(), ensureInstalledCompilers()] as const
  const [codeDir, relayDir, compilerDir] = await Promise.all(assets)
  const cloud = await startCloud({
    dir: files.data,
    regions,
    tls,
    ...(port !== undefined && { port }),
    ...(wan && { wan }),
    ...(options.lambda && { lambda: options.lambda }),
  })
  const fleet = describeFleet(cloud, root, await readReceiptKeys(files), wan)
  try {
    for (const { region, functionName, agentBucket } of fleet.regions) {
      await cloud.createBucket(region, agentBucket)
      const environment = {
        LANDER_FLEET: FLEET,
        LANDER_AGENT_BUCKET: agentBucket,
        LANDER_ROOT_KEY: fleet.rootKey,
        LANDER_FLEET_SECRET: pathToFileURL(files.secret).href,
        LANDER_COMPILER: COMPILER,
        // Functions of all regions share one disk, so each region gets its own folder for kernels.
        LANDER_KERNEL_FOLDER: join(files.data, 'kernels', region),
      }
      await cloud.createFunction(region, {
        name: functionName,
        codeDir,
        handler: 'index.handler',
        environment,
        timeoutSeconds,
        memoryMb,
      })
      await cloud.createFunction(region, {
        name: RELAY,
        codeDir: relayDir,
        environment: { LANDER_FLEET: FLEET, LANDER_AGENT_BUCKET: agentBucket },
        timeoutSeconds,
        memoryMb: RELAY_MB,
      })
      // Its process starts only when the first kernel is compiled from source.
      await cloud.createFunction(region, {
        name: COMPILER,
        codeDir: compilerDir,
        environment: { LANDER_AGENT_BUCKET: agentBucket },
        timeoutSeconds: COMPILER_SECONDS,
        memoryMb: COMPILER_MB,
      })
    }
    const policy = await readLocalPolicy(files, root, developer, now())
    await writeFile(files.policy, JSON.stringify(policy))
    using clients = createFleetClients(fleet)
    await publishPolicy(policy, fleet, clients)
    await writeFleetFile(files.fleet, fleet)
  } catch (error) {
    await cloud.close()
    throw error
  }
  return { fleet, cloud, files, developer, [Symbol.asyncDispose]: () => cloud.close() }
}

/**
 * Checks the regions of a cloud: at least one, none twice, and all known.
 *
 * @throws UsageError `REGION_UNKNOWN`, `USAGE`
 */
export function requireRegions(regions: readonly string[]): void {
  for (const region of regions) regionOf(region)
  const remedy = 'name each region once, such as us-east-1,eu-west-1'
  if (regions.length === 0) throw new UsageError('USAGE', 'no region is named', { remedy })
  const twice = regions.find((region, at) => regions.indexOf(region) !== at)
  if (twice !== undefined) throw new UsageError('USAGE', `region "${twice}" is named twice`, { remedy })
}

function describeFleet(
  { endpoint, ca, regions, credentials }: LocalCloud,
  root: SigningKey,
  receiptKeys: PublicReceiptKey[],
  wan: WanOptions | undefined,
): Fleet {
  return {
    lander: FORMAT_VERSION,
    name: FLEET,
    rootKey: toBase64url(root.publicKey),
    receiptKeys,
    regions: regions.map((region) => ({
      region,
      functionName: FUNCTION,
      relayName: RELAY,
      agentBucket: `lander-local-agents-${region}`,
    })),
    endpoint,
    ...(ca !== undefined && { ca }),
    credentials,
    ...(wan && { client: { region: wan.near ?? regions[0]!, bitsPerSecond: wan.clientBps ?? DEFAULT_CLIENT_BPS } }),
  }
}

/** The policy in `files`. If it does not exist or has an older format, a new one that trusts the developer key. */
async function readLocalPolicy(files: LocalFleetFiles, root: SigningKey, developer: SigningKey, now: number) {
  const known = await readFile(files.policy).catch(() => undefined)
  const envelope = known && parseStrictJson(known, { maxLength: 2 * MAX_POLICY_BYTES })
  if (envelope !== undefined && isCurrentPolicy(envelope, root, now)) return envelope
  const grant = createGrant(developer.publicKey, FLEET, { name: 'developer', exportState: true, now })
  return signPolicy(withGrant(createPolicy(FLEET, now), grant, now), root)
}

/** Whether a policy has the current format. @throws RefusedError if the policy is otherwise invalid */
function isCurrentPolicy(envelope: unknown, root: SigningKey, now: number): boolean {
  try {
    verifyPolicy(envelope, { rootKey: root.publicKey, fleet: FLEET, now })
    return true
  } catch (error) {
    if (error instanceof RefusedError && error.code === 'VERSION_UNSUPPORTED') return false
    throw error
  }
}

/** The receipt keys of the secret in `files`, and of earlier epochs. Creates the secret if it does not exist. */
async function readReceiptKeys(files: LocalFleetFiles): Promise<PublicReceiptKey[]> {
  const text = await readFile(files.secret, 'utf8').catch(() => formatFleetSecret(createFleetSecret()))
  await writeFileAtomically(files.secret, text)
  const former = await readFleetFile(files.fleet).catch(() => ({ receiptKeys: [] }))
  return mergeReceiptKeys(former.receiptKeys, publicReceiptKeys(parseFleetSecret(text), FLEET))
}

async function keyAt(path: string): Promise<SigningKey> {
  try {
    return await readKeyFile(path)
  } catch (error) {
    if (!(error instanceof UsageError) || error.code !== 'FILE_NOT_FOUND') throw error
    const key = generateKey()
    await writeKeyFiles(path, key)
    return key
  }
}
