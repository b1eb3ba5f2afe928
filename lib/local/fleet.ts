/** A fleet on the local cloud: agent buckets, a key policy and the data-locality function, as the CDK deploys them. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ensureInstalledCompilers } from '../bundle/compiler-asset.ts'
import { ensureFunctionAsset } from '../bundle/function-asset.ts'
import { ensureRelayAsset } from '../bundle/relay-asset.ts'
import { toBase64url } from '../encoding/base64url.ts'
import { parseStrictJson } from '../encoding/strict-json.ts'
import { UsageError } from '../errors.ts'
import { makeFolder } from '../file-error.ts'
import { createFleetClients } from '../fleet/clients.ts'
import { type Fleet, readFleetFile, writeFleetFile } from '../fleet/fleet.ts'
import { publishPolicy } from '../fleet/publish-policy.ts'
import { mergeReceiptKeys, type PublicReceiptKey, publicReceiptKeys } from '../fleet/receipt-keys.ts'
import { writeWholeFile } from '../fleet/whole-file.ts'
import { regionOf } from '../gravity/tables/regions.ts'
import { createFleetSecret, formatFleetSecret, parseFleetSecret } from '../trust/fleet-secret.ts'
import { createGrant, createPolicy, withGrant } from '../trust/grant.ts'
import { readKeyFile, writeKeyFiles } from '../trust/key-files.ts'
import { generateKey, type SigningKey } from '../trust/keys.ts'
import { MAX_POLICY_BYTES, signPolicy, verifyPolicy } from '../trust/policy.ts'
import { type LocalCloud, startLocalCloud, type WanOptions } from './cloud.ts'
import { type LocalFleetFiles, localFleetFiles } from './fleet-files.ts'
import type { LambdaTuning } from './lambda/service.ts'
import { DEFAULT_HOME_BPS } from './wan.ts'

export interface LocalFleetOptions {
  /** Everything lies below: buckets, keys, policy, the fleet file. It is taken up again at the next start. */
  readonly dir: string
  readonly regions: readonly string[]
  /** @default any free port */
  readonly port?: number
  /** Shaped links between the caller's home and the regions. @default none */
  readonly wan?: WanOptions
  /** Seconds a function may run. @default 900, Lambda's longest */
  readonly timeoutSeconds?: number
  /** Memory of a function. @default 1769, at which Lambda gives one vCPU */
  readonly memoryMb?: number
  /** How instances of functions are kept. */
  readonly lambda?: LambdaTuning
  readonly now?: () => number
}

export interface LocalFleet extends AsyncDisposable {
  readonly fleet: Fleet
  readonly cloud: LocalCloud
  readonly files: LocalFleetFiles
  /** A key the fleet trusts, for the person at this machine. */
  readonly developer: SigningKey
}

const FLEET = 'local'
const FUNCTION = 'lander-local-data-locality'
const RELAY = 'lander-local-relay'
const COMPILER = 'lander-local-compiler'
/** clang's memory, its code as it is compiled, and AssemblyScript. */
const COMPILER_MB = 2048
/** One compile ends after 20 seconds; the rest is a cold start on a busy machine. */
const COMPILER_SECONDS = 60
/** It waits most of its time, and holds no more than a box at once. */
const RELAY_MB = 512

/**
 * Starts a cloud on this machine and deploys a fleet to it: the very function that the CDK deploys.
 *
 * @throws UsageError `LOCAL_RUNNING` when the port is taken, `REGION_UNKNOWN`
 */
export async function startLocalFleet(options: LocalFleetOptions): Promise<LocalFleet> {
  const { dir, regions, port, wan, timeoutSeconds = 900, memoryMb = 1769, now = Date.now } = options
  requireRegions(regions)
  if (wan?.home !== undefined) regionOf(wan.home)
  const files = localFleetFiles(dir)
  await makeFolder(files.data)
  const [root, developer] = await Promise.all([keyAt(files.rootKey), keyAt(files.developerKey)])
  const assets = [ensureFunctionAsset(), ensureRelayAsset(), ensureInstalledCompilers()] as const
  const [codeDir, relayDir, compilerDir] = await Promise.all(assets)
  const cloud = await startLocalCloud({
    dir: files.data,
    regions,
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
        // Functions of all regions share this machine's disk, and a region's kernels are its own.
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
      // Its process starts with the first kernel that comes as source.
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
 * Makes sure that a cloud can serve these regions: one at least, none twice, each known.
 *
 * @throws UsageError `REGION_UNKNOWN`, `USAGE`
 */
export function requireRegions(regions: readonly string[]): void {
  for (const region of regions) regionOf(region)
  const remedy = 'name each region once, as in us-east-1,eu-west-1'
  if (regions.length === 0) throw new UsageError('USAGE', 'no region is named', { remedy })
  const twice = regions.find((region, at) => regions.indexOf(region) !== at)
  if (twice !== undefined) throw new UsageError('USAGE', `region "${twice}" is named twice`, { remedy })
}

function describeFleet(
  { endpoint, regions, credentials }: LocalCloud,
  root: SigningKey,
  receiptKeys: PublicReceiptKey[],
  wan: WanOptions | undefined,
): Fleet {
  return {
    lander: 1,
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
    credentials,
    ...(wan && { home: { region: wan.home ?? regions[0]!, bitsPerSecond: wan.homeBps ?? DEFAULT_HOME_BPS } }),
  }
}

/** The policy in `files`, or a first one that trusts the developer's key. */
async function readLocalPolicy(files: LocalFleetFiles, root: SigningKey, developer: SigningKey, now: number) {
  const known = await readFile(files.policy).catch(() => undefined)
  if (known !== undefined) {
    const envelope = parseStrictJson(known, { maxLength: 2 * MAX_POLICY_BYTES })
    verifyPolicy(envelope, { rootKey: root.publicKey, fleet: FLEET, now })
    return envelope
  }
  const grant = createGrant(developer.publicKey, FLEET, { name: 'developer', homecoming: true, now })
  return signPolicy(withGrant(createPolicy(FLEET, now), grant, now), root)
}

/** The receipt keys of the secret in `files`, which is made if there is none, and of the epochs before it. */
async function readReceiptKeys(files: LocalFleetFiles): Promise<PublicReceiptKey[]> {
  const text = await readFile(files.secret, 'utf8').catch(() => formatFleetSecret(createFleetSecret()))
  await writeWholeFile(files.secret, text)
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
