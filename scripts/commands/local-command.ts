import { once } from 'node:events'
import { Command, Option } from 'commander'
import { UsageError } from '../../lib/errors.ts'
import { makeFolder } from '../../lib/files/file-error.ts'
import { takeLock } from '../../lib/files/lock.ts'
import { type Fleet, readFleetFile } from '../../lib/fleet/fleet-file.ts'
import { regionOf } from '../../lib/gravity/tables/regions.ts'
import {
  detach,
  endProcess,
  findProcess,
  forgetProcess,
  recordProcess,
  reportStart,
  startLog,
} from '../../lib/local/daemon.ts'
import { type LocalFleetFiles, localFleetFiles } from '../../lib/local/fleet-files.ts'
import { requireRegions, startLocalFleet } from '../../lib/local/local-fleet.ts'
import { EXIT, note, paint, printResult } from '../terminal/output.ts'
import { withHelp } from './help-sections.ts'
import { localPutCommand } from './local-put-command.ts'
import { jsonOption, localDir } from './options.ts'

const DEFAULT_REGIONS = 'us-east-1,eu-west-1'
const DEFAULT_PORT = 4510

interface UpOptions {
  regions: string[]
  port: number
  tls?: boolean
  wan?: boolean
  near?: string
  line: number
  detach?: boolean
  json?: boolean
}

/** `lander local`: the local cloud. */
export function localCommand(): Command {
  return new Command('local')
    .description('run S3 and Lambda of any regions on this computer, without an AWS account')
    .addCommand(upCommand())
    .addCommand(statusCommand())
    .addCommand(downCommand())
    .addCommand(localPutCommand())
}

function upCommand(): Command {
  const command = new Command('up')
    .description('start the local cloud with a fleet deployed to it; data of earlier starts is kept')
    .addOption(
      new Option('--regions <a,b,c>', 'the regions to serve')
        .default(DEFAULT_REGIONS.split(','), `\`${DEFAULT_REGIONS}\``)
        .argParser(parseRegions),
    )
    .addOption(
      new Option('--port <n>', 'the port on 127.0.0.1; 0 takes a free one').default(DEFAULT_PORT).argParser(parsePort),
    )
    .option(
      '--tls',
      'serve HTTPS, as AWS does, with a certificate of a local authority; the output says how to trust it',
    )
    .option('--wan', 'delay and limit traffic as measured links do: between regions, and between them and the client')
    .option('--near <region>', 'with --wan, the region that the client is near (default: the first region)')
    .addOption(
      new Option('--line <Mbit/s>', 'with --wan, the bandwidth of the client’s line').default(50).argParser(parseLine),
    )
    .option('--detach', 'return when the local cloud is ready, and leave it running')
    .addOption(jsonOption())
  return withHelp(command, {
    notes: [
      'Every AWS tool can use the local cloud, with AWS_ENDPOINT_URL and the credentials that this command prints.',
      'With --tls, lander trusts the certificate that the fleet file names as ca, and no other. The AWS CLI, boto3 and Go read AWS_CA_BUNDLE, Node reads NODE_EXTRA_CA_CERTS, and curl takes --cacert. Lander keeps the certificate in LANDER_HOME and makes a new one at the first start of its last month.',
    ],
    examples: ['lander local up --detach', 'lander local up --regions us-east-1,eu-west-1 --wan --line 100'],
    json: '{endpoint, ca?, regions, fleet}',
  }).action(async (options: UpOptions) => {
    requireRegions(options.regions)
    if (options.near !== undefined) regionOf(options.near)
    const files = localFleetFiles(localDir())
    await requireStopped(files)
    await makeFolder(localDir())
    if (!options.detach) return start(options, files)
    await detach(
      files,
      process.argv.slice(2).filter((argument) => argument !== '--detach'),
    )
    reportUp(await readFleetFile(files.fleet), options.json)
  })
}

async function requireStopped(files: LocalFleetFiles): Promise<void> {
  const running = await findProcess(files)
  if (running === undefined) return
  throw new UsageError('LOCAL_RUNNING', `a local cloud is already running at ${running.endpoint}`, {
    remedy: 'use it, or stop it with lander local down',
  })
}

/** Serves until a signal ends it. With `--detach`, a parent process waits: if the start fails, it gets the error. */
async function start(options: UpOptions, files: LocalFleetFiles): Promise<void> {
  try {
    await serve(options, files)
  } catch (error) {
    if (!(await reportStart(error))) throw error
    process.exitCode = EXIT.failed
  }
}

async function serve({ regions, port, tls, wan, near, line, json }: UpOptions, files: LocalFleetFiles): Promise<void> {
  await using _lock = await takeLock(files.lock)
  await startLog(files)
  await using local = await startLocalFleet({
    dir: localDir(),
    regions,
    port,
    ...(tls && { tls }),
    ...(wan && { wan: { clientBps: line * 1_000_000, ...(near !== undefined && { near }) } }),
  })
  const ended = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
  const { endpoint, ca } = local.cloud
  await recordProcess(files, { pid: process.pid, endpoint, ca })
  reportUp(local.fleet, json)
  if (process.stderr.isTTY) note(paint('dim', 'Ctrl-C stops it; its data is kept', process.stderr))
  await reportStart()
  await ended
  await forgetProcess(files)
}

function statusCommand(): Command {
  const command = new Command('status')
    .description('show whether the local cloud is running, and its endpoint')
    .addOption(jsonOption())
  return withHelp(command, {
    examples: ['lander local status'],
    json: '{running, pid, endpoint, ca?, regions, fleet}',
  }).action(async ({ json }: { json?: boolean }) => {
    const files = localFleetFiles(localDir())
    const running = await findProcess(files)
    if (running === undefined) return printResult(json, { running: false }, () => 'no local cloud is running')
    const fleet = await readFleetFile(files.fleet)
    printResult(json, { running: true, ...running, ...summary(fleet) }, () => describe(fleet))
  })
}

function downCommand(): Command {
  const command = new Command('down').description('stop the local cloud; its data is kept').addOption(jsonOption())
  return withHelp(command, { examples: ['lander local down'], json: '{ended, pid, endpoint}' }).action(
    async ({ json }: { json?: boolean }) => {
      const ended = await endProcess(localFleetFiles(localDir()))
      printResult(json, { ended: true, ...ended }, () => `stopped ${ended.endpoint}`)
    },
  )
}

function reportUp(fleet: Fleet, json: boolean | undefined): void {
  printResult(json, summary(fleet), () => describe(fleet))
}

function summary({ endpoint, ca, regions, name }: Fleet): {
  endpoint: string | undefined
  ca?: string
  regions: string[]
  fleet: string
} {
  return { endpoint, ...(ca !== undefined && { ca }), regions: regions.map(({ region }) => region), fleet: name }
}

function describe({ endpoint, ca, regions, credentials }: Fleet): string {
  const variables = {
    AWS_ENDPOINT_URL: endpoint,
    AWS_ACCESS_KEY_ID: credentials?.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials?.secretAccessKey,
    AWS_CA_BUNDLE: ca,
  }
  return [
    `${paint('green', 'local cloud')} at ${endpoint}, regions ${regions.map(({ region }) => region).join(', ')}`,
    'put data in:   lander local put FILE s3://BUCKET/PREFIX/ --region REGION',
    'run an agent:  lander run AGENT.ts --data s3://BUCKET/PREFIX/',
    `any AWS tool:  ${assignments(variables)}`,
    // The AWS CLI and the SDKs for Python and Go read AWS_CA_BUNDLE. Node reads NODE_EXTRA_CA_CERTS instead.
    ...(ca === undefined
      ? []
      : [`others trust:  ${assignments({ NODE_EXTRA_CA_CERTS: ca })}, curl --cacert ${quoted(ca)}`]),
  ].join('\n')
}

/** Shell assignments of the variables that have a value. */
function assignments(variables: Readonly<Record<string, string | undefined>>): string {
  const set = Object.entries(variables).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return set.map(([name, value]) => `${name}=${quoted(value)}`).join(' ')
}

const quoted = (value: string): string => (/^[\w./:@-]+$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`)

const parseRegions = (text: string): string[] => text.split(',').filter((region) => region !== '')

function parsePort(text: string): number {
  const port = Number(text)
  if (Number.isInteger(port) && port >= 0 && port < 65_536) return port
  throw new UsageError('USAGE', `"${text}" is not a port`, { remedy: 'use a number from 0 (any free one) to 65535' })
}

function parseLine(text: string): number {
  const mbps = Number(text)
  if (mbps > 0 && mbps <= 100_000) return mbps
  throw new UsageError('USAGE', `"${text}" is not a bandwidth in Mbit/s`, { remedy: 'use a number such as 50' })
}
