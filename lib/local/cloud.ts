import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { buildLambdaRuntime } from '../assets/runtime-asset.ts'
import { CLIENT } from '../client-name.ts'
import { UsageError } from '../errors.ts'
import { linkBetween } from '../gravity/tables/links.ts'
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
import { createWanProxy } from './wan-proxy.ts'

/** Simulated links between the client and the regions, and between regions. */
export interface WanOptions {
  /** The region that the client is near. @default the first region */
  readonly near?: string
  /** Bits per second of the client's line, in each direction. @default 50,000,000 */
  readonly clientBps?: number
  /** Round-trip times and rates between regions. @default the measurements in lib/gravity/tables */
  readonly figures?: LinkFigures
}

export interface LocalCloudOptions {
  /** The folder for buckets and objects. A cloud that is started again in the same folder has them again. */
  readonly dir: string
  /** The AWS region codes to serve. */
  readonly regions: readonly string[]
  /** @default 0, any free port */
  readonly port?: number
  /**
   * Whether the cloud serves HTTPS, as AWS does. Its certificate is stored in `dir`; clients must trust {@link LocalCloud.ca}.
   *
   * @default false
   */
  readonly tls?: boolean
  /** Simulated links. If absent, traffic is as fast as the computer allows. */
  readonly wan?: WanOptions
  /** The only credentials that the cloud accepts. Its functions use the same. @default local / local */
  readonly credentials?: Credentials
  /** How function instances are managed; see {@link LambdaTuning} for the defaults. */
  readonly lambda?: LambdaTuning
  /** Milliseconds since 1970, for the age of signatures and the dates of objects. @default Date.now */
  readonly now?: () => number
}

/** A running local cloud. */
export interface LocalCloud {
  /** The endpoint of S3 and Lambda for every region, as for AWS_ENDPOINT_URL. */
  readonly endpoint: string
  /** With TLS, the absolute path of the certificate authority (PEM) that clients must trust, as for AWS_CA_BUNDLE. */
  readonly ca: string | undefined
  readonly regions: readonly string[]
  readonly credentials: Credentials
  /** Deploys a function. @throws UsageError `REGION_UNKNOWN`, `CONFIG_INVALID`, `FILE_NOT_FOUND` */
  createFunction(region: string, settings: FunctionSettings): LambdaFunction
  /** Removes a function. @returns whether it existed. @throws UsageError `REGION_UNKNOWN` */
  removeFunction(region: string, name: string): Promise<boolean>
  /** Creates a bucket if the region does not have it. @throws UsageError `REGION_UNKNOWN` */
  createBucket(region: string, name: string): Promise<void>
  /** The end of a function's log. @throws UsageError `REGION_UNKNOWN` */
  functionLogs(region: string, name: string): string
  /** The traffic of every link that was used so far. */
  links(): readonly LinkTraffic[]
  /** Closes all listeners and ends all processes of the cloud. */
  close(): Promise<void>
}

/** The measured links between AWS regions. Their sources and dates are in lib/gravity/tables. */
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
 * Starts a local cloud: S3 and Lambda of several regions behind one port. Clients of AWS work with it unchanged, with its
 * endpoint and its credentials.
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

/** Closes parts in reverse order, so that no requests arrive when the functions end. */
async function closeAll(closers: readonly (() => unknown)[]): Promise<void> {
  for (const close of closers.toReversed()) await close()
}

/** Opens the parts in order and adds a closer for each, so that nothing stays open if a later part fails. */
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
  // No fsync: the data must survive a restart of the cloud, not a power failure, and every write would wait for the disk.
  const s3 = opened(createS3Handler({ dir: join(dir, 's3'), regions, credentials: keys, now, fsync: false }))
  const meter = createMeter()
  const certificates = options.tls ? await keepCertificates(join(dir, 'tls'), now()) : undefined
  const [ca, tls] = [certificates?.ca, certificates?.server]

  const services = new Map<string, RegionServices>()
  const arrivals = opened(await openArrivals(regions, services))
  const proxy = opened(createWanProxy(arrivals.port, SYSTEM_CLOCK))
  const shaping = wan && { shaping: { wan, proxy } }
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
