import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { buildLambdaRuntime } from '../assets/runtime-asset.ts'
import { CLIENT } from '../client-name.ts'
import { UsageError } from '../errors.ts'
import { linkBetween } from '../gravity/tables/links.ts'
import { createCarrier } from './carrier.ts'
import { openArrivals, openGateway, type RegionServices } from './gateway.ts'
import { createLambdaApi } from './lambda/api.ts'
import { createGroupGuard } from './lambda/group-guard.ts'
import type { Credentials } from './lambda/instance-environment.ts'
import type { LambdaFunction } from './lambda/lambda-function.ts'
import { createMemoryWatch } from './lambda/memory-watch.ts'
import { createLambdaService, type FunctionSettings, type LambdaService, type LambdaTuning } from './lambda/service.ts'
import { createMeter, type LinkTraffic } from './meter.ts'
import { createS3Handler } from './s3/s3-handler.ts'
import { keepCertificates } from './tls/keep-certificates.ts'
import { type Clock, createWan, type LinkFigures } from './wan.ts'

/** Where home is, and how far everything is from it. */
export interface WanOptions {
  /** The region that home is near. @default the first region */
  readonly client?: string
  /** Bits per second of the home line, each way. @default 50,000,000 */
  readonly clientBps?: number
  /** Round-trip times and rates between regions. @default what was measured, from lib/gravity/tables */
  readonly figures?: LinkFigures
}

export interface LocalCloudOptions {
  /** Buckets and objects are kept here; a cloud started anew in the same folder has them again. */
  readonly dir: string
  /** AWS region codes. Home is near the first one. */
  readonly regions: readonly string[]
  /** @default 0, any free port */
  readonly port?: number
  /**
   * Serves HTTPS, as AWS does, with a certificate that is kept in `dir`. Clients have to trust {@link LocalCloud.ca}.
   *
   * @default false
   */
  readonly tls?: boolean
  /** Shapes traffic between places; absent, everything runs at the speed of this machine. */
  readonly wan?: WanOptions
  /** The one pair of keys this cloud knows; its functions have the same. @default local / local */
  readonly credentials?: Credentials
  /** How instances of functions are kept; see {@link LambdaTuning} for the defaults. */
  readonly lambda?: LambdaTuning
  /** Milliseconds since the epoch; for the age of signatures and the dates of objects. @default Date.now */
  readonly now?: () => number
}

/** A cloud that runs on this machine. */
export interface LocalCloud {
  /** For AWS_ENDPOINT_URL: S3 and Lambda of every region. */
  readonly endpoint: string
  /** With TLS: absolute path of the authority (PEM) that clients have to trust, as for AWS_CA_BUNDLE. */
  readonly ca: string | undefined
  readonly regions: readonly string[]
  readonly credentials: Credentials
  /** @throws UsageError REGION_UNKNOWN, CONFIG_INVALID, FILE_NOT_FOUND. */
  createFunction(region: string, settings: FunctionSettings): LambdaFunction
  /** @returns Whether there was such a function. @throws UsageError REGION_UNKNOWN. */
  removeFunction(region: string, name: string): Promise<boolean>
  /** Does nothing if the region has the bucket already. @throws UsageError REGION_UNKNOWN. */
  createBucket(region: string, name: string): Promise<void>
  /** The end of what a function printed. @throws UsageError REGION_UNKNOWN. */
  functionLogs(region: string, name: string): string
  /** Bytes of every link that was used so far. */
  links(): readonly LinkTraffic[]
  /** Ends every listener and every process that was started. */
  close(): Promise<void>
}

/** What was measured between AWS's regions, with source and date in lib/gravity/tables. */
const MEASURED_LINKS: LinkFigures = {
  rttMs: (from, to) => linkBetween(from, to).rttMs,
  bitsPerSecond: (from, to) => linkBetween(from, to).bitsPerSecond,
}

const SYSTEM_CLOCK: Clock = {
  now: () => performance.now(),
  sleep: async (ms) => {
    if (ms > 0) await delay(ms)
  },
}

/**
 * Starts a cloud on this machine: regions with an S3 and a Lambda each, behind one port. Clients of AWS work with it
 * unchanged, given its endpoint and keys.
 *
 * @example
 * ```ts
 * const cloud = await startCloud({ dir: '.lander/cloud', regions: ['us-east-1', 'eu-west-1'], wan: {} })
 * cloud.createFunction('eu-west-1', { name: 'hello', codeDir: 'dist/hello' })
 * new LambdaClient({ endpoint: cloud.endpoint, region: 'eu-west-1', credentials: cloud.credentials })
 * ```
 */
export async function startCloud(options: LocalCloudOptions): Promise<LocalCloud> {
  const closers: (() => unknown)[] = []
  try {
    return await assemble(options, closers)
  } catch (error) {
    await closeAll(closers)
    throw error
  }
}

/** What was opened last closes first: no request comes in any more when the functions end. */
async function closeAll(closers: readonly (() => unknown)[]): Promise<void> {
  for (const close of closers.toReversed()) await close()
}

/** Opens one part after the other; each leaves its closer, so that a failure in between leaves nothing open. */
async function assemble(options: LocalCloudOptions, closers: (() => unknown)[]): Promise<LocalCloud> {
  const { dir, regions, now = Date.now, credentials = { accessKeyId: 'local', secretAccessKey: 'local' } } = options
  const keys = new Map([[credentials.accessKeyId, credentials.secretAccessKey]])
  const wan = options.wan && createWan({ regions, figures: MEASURED_LINKS, ...options.wan })
  const bootstrap = await buildLambdaRuntime(join(dir, 'runtime'))
  const opened = <T extends { close(): unknown }>(part: T): T => {
    closers.push(() => part.close())
    return part
  }
  const guard = opened(createGroupGuard())
  const memory = opened(createMemoryWatch())
  // A cloud on a laptop has to outlive its own restart, not a power cut: every reservation would wait for the disk.
  const s3 = opened(createS3Handler({ dir: join(dir, 's3'), regions, credentials: keys, now, fsync: false }))
  const meter = createMeter()
  const certificates = options.tls ? await keepCertificates(join(dir, 'tls'), now()) : undefined
  const [ca, tls] = [certificates?.ca, certificates?.server]

  const services = new Map<string, RegionServices>()
  const arrivals = opened(await openArrivals(regions, services))
  const carrier = opened(createCarrier(arrivals.port, SYSTEM_CLOCK))
  const shaping = wan && { shaping: { wan, carrier } }
  const open = async (place: string, port: number) =>
    opened(await openGateway({ place, regions, services, meter, port, tls, ...shaping }))

  const lambdas = new Map<string, LambdaService>()
  for (const region of regions) {
    const { endpoint } = await open(region, 0)
    const shared = { endpoint, ca, credentials, bootstrap, guard, memory }
    const service = opened(createLambdaService({ ...options.lambda, ...shared, region }))
    services.set(region, { s3: s3.handle, lambda: createLambdaApi({ service, credentials: keys, now }) })
    lambdas.set(region, service)
  }
  const front = await open(CLIENT, options.port ?? 0)
  const lambdaOf = (region: string) => lambdas.get(region) ?? unknownRegion(region, regions)
  return {
    endpoint: front.endpoint,
    ca,
    regions,
    credentials,
    createFunction: (region, settings) => lambdaOf(region).create(settings),
    removeFunction: async (region, name) => lambdaOf(region).remove(name),
    createBucket: async (region, name) => s3.createBucket(lambdaOf(region).region, name),
    functionLogs: (region, name) => lambdaOf(region).logs(name),
    links: () => meter.read(),
    close: () => closeAll(closers.splice(0)),
  }
}

function unknownRegion(region: string, regions: readonly string[]): never {
  throw new UsageError('REGION_UNKNOWN', `the local cloud has no region ${region}`, {
    remedy: `use one of ${regions.join(', ')}`,
  })
}
