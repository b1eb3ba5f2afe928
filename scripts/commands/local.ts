import { once } from 'node:events'
import { Command, Option } from 'commander'
import { UsageError } from '../../lib/errors.ts'
import { makeFolder } from '../../lib/files/file-error.ts'
import { takeLock } from '../../lib/files/lock.ts'
import { type Fleet, readFleetFile } from '../../lib/fleet/fleet.ts'
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
import { localPutCommand } from './local-put.ts'
import { localDir } from './options.ts'

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

/** `lander local`: a cloud on this machine. */
export function localCommand(): Command {
  return new Command('local')
    .description('a cloud on this machine: S3 and Lambda in any regions, no account needed')
    .addCommand(upCommand())
    .addCommand(statusCommand())
    .addCommand(downCommand())
    .addCommand(localPutCommand())
}

function upCommand(): Command {
  return new Command('up')
    .description('start it, with a fleet deployed; its data is kept')
    .addOption(
      new Option('--regions <a,b,c>', 'regions to serve')
        .default(DEFAULT_REGIONS.split(','), DEFAULT_REGIONS)
        .argParser(parseRegions),
    )
    .addOption(new Option('--port <n>', 'where to listen on 127.0.0.1').default(DEFAULT_PORT).argParser(parsePort))
    .option('--tls', 'speak HTTPS, as AWS does, with a certificate of its own that it says how to trust')
    .option('--wan', 'put links of real length and width between you and the regions, and between regions')
    .option('--near <region>', 'the region you are near, with --wan (default: the first)')
    .addOption(new Option('--line <Mbit/s>', 'your own line, with --wan').default(50).argParser(parseLine))
    .option('--detach', 'return when it serves, and leave it running')
    .option('--json', 'print one JSON document')
    .action(async (options: UpOptions) => {
      requireRegions(options.regions)
      if (options.near !== undefined) regionOf(options.near)
      const files = localFleetFiles(localDir())
      await requireStopped(files)
      await makeFolder(localDir())
      if (!options.detach) return start(options, files)
      await detach(
        files,
        process.argv.slice(2).filter((word) => word !== '--detach'),
      )
      reportUp(await readFleetFile(files.fleet), options.json)
    })
}

async function requireStopped(files: LocalFleetFiles): Promise<void> {
  const running = await findProcess(files)
  if (running === undefined) return
  throw new UsageError('LOCAL_RUNNING', `a local cloud already serves ${running.endpoint}`, {
    remedy: 'use it, or end it with lander local down',
  })
}

/** Serves until it is ended. A parent that waits is told why it does not come to that. */
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
    ...(wan && { wan: { clientBps: line * 1_000_000, ...(near !== undefined && { client: near }) } }),
  })
  const ended = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
  const { endpoint, ca } = local.cloud
  await recordProcess(files, { pid: process.pid, endpoint, ca })
  reportUp(local.fleet, json)
  if (process.stderr.isTTY) note(paint('dim', 'Ctrl-C ends it; its data stays', process.stderr))
  await reportStart()
  await ended
  await forgetProcess(files)
}

function statusCommand(): Command {
  return new Command('status')
    .description('say whether it runs, and where')
    .option('--json', 'print one JSON document')
    .action(async ({ json }: { json?: boolean }) => {
      const files = localFleetFiles(localDir())
      const running = await findProcess(files)
      if (running === undefined) return printResult(json, { running: false }, () => 'no local cloud is running')
      const fleet = await readFleetFile(files.fleet)
      printResult(json, { running: true, ...running, ...summary(fleet) }, () => describe(fleet))
    })
}

function downCommand(): Command {
  return new Command('down')
    .description('end it; its data stays')
    .option('--json', 'print one JSON document')
    .action(async ({ json }: { json?: boolean }) => {
      const ended = await endProcess(localFleetFiles(localDir()))
      printResult(json, { ended: true, ...ended }, () => `ended ${ended.endpoint}`)
    })
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
    // The AWS CLI and the SDKs for Python and Go know AWS_CA_BUNDLE; the SDK for JavaScript does not.
    ...(ca === undefined
      ? []
      : [`others trust:  ${assignments({ NODE_EXTRA_CA_CERTS: ca })}, curl --cacert ${quoted(ca)}`]),
  ].join('\n')
}

/** Variables as a shell sets them; those without a value are left out. */
function assignments(variables: Readonly<Record<string, string | undefined>>): string {
  const set = Object.entries(variables).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return set.map(([name, value]) => `${name}=${quoted(value)}`).join(' ')
}

const quoted = (word: string): string => (/^[\w./:@-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)

const parseRegions = (text: string): string[] => text.split(',').filter((region) => region !== '')

function parsePort(text: string): number {
  const port = Number(text)
  if (Number.isInteger(port) && port >= 0 && port < 65_536) return port
  throw new UsageError('USAGE', `"${text}" is no port`, { remedy: 'use a number from 0 (any free one) to 65535' })
}

function parseLine(text: string): number {
  const mbps = Number(text)
  if (mbps > 0 && mbps <= 100_000) return mbps
  throw new UsageError('USAGE', `"${text}" is no speed in Mbit/s`, { remedy: 'use a number such as 50' })
}
