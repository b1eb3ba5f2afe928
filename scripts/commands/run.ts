import { Command } from 'commander'
import { UsageError } from '../../lib/errors.ts'
import { outcomeOf } from '../../lib/fleet/answer.ts'
import { createFleetClients } from '../../lib/fleet/clients.ts'
import type { Fleet } from '../../lib/fleet/fleet.ts'
import { type RegionResult, regionsOf } from '../../lib/fleet/mission.ts'
import { readStatement } from '../../lib/fleet/orders.ts'
import { packSigned } from '../../lib/fleet/pack-signed.ts'
import { type Answer, run } from '../../lib/fleet/run.ts'
import type { Limits } from '../../lib/limits.ts'
import { localFleetFiles } from '../../lib/local/fleet-files.ts'
import type { AgentFailure } from '../../lib/sandbox/outcome.ts'
import type { Scope } from '../../lib/scope.ts'
import { readKeyFile } from '../../lib/trust/key-files.ts'
import type { SigningKey } from '../../lib/trust/keys.ts'
import { bytes, EXIT, note, paint, seconds, table } from '../terminal/output.ts'
import { createProgressBars } from '../terminal/progress.ts'
import { fleetOption, LOCAL, readFleet } from './fleet-option.ts'
import { readBundle } from './inspect.ts'
import { dataOption, expiresOption, limitOption, localDir, parseInput } from './options.ts'
import { saveReceipts } from './save-receipts.ts'

interface RunOptions {
  data?: Scope[]
  input?: string
  key?: string
  fleet: string
  limit?: Partial<Limits>
  expires: number
  receipts?: string
  json?: boolean
}

/** `lander run`: the whole way in one command. */
export function runCommand(): Command {
  return new Command('run')
    .description('run an agent, or a signed bundle, where its data lies')
    .argument('<agent>', 'the agent (.ts, .js), or a bundle from lander pack')
    .addOption(dataOption())
    .option('--input <json>', 'what the agent is called with')
    .option('--key <file>', 'your key, from lander keygen (a local fleet has one of its own)')
    .addOption(fleetOption())
    .addOption(limitOption())
    .addOption(expiresOption())
    .option('--receipts <folder>', 'where to write what each region signed about the run, once it is verified')
    .option('--json', 'print one JSON document')
    .action(async (agent: string, options: RunOptions) => {
      const input = parseInput(options.input)
      const fleet = await readFleet(options.fleet)
      const key = await readSender(options)
      using clients = createFleetClients(fleet)
      const file = await bundleOf(agent, key, fleet, options)
      const scopes = options.data ?? readStatement(file).scopes
      const regions = await regionsOf(scopes, fleet, clients)
      using bars = createProgressBars(regions, { quiet: options.json === true })
      const answer = await run({
        fleet,
        clients,
        file,
        sender: key,
        input,
        order: { regions, scopes, ...(options.limit && { limits: options.limit }) },
        onProgress: (region, progress) => bars.update(region, progress),
      })
      for (const region of answer.regions)
        bars.finish(region.region, `${outcomeOf(region)} in ${seconds(region.seconds)}`)
      // First of all: an answer that its receipt contradicts is none.
      const receipts = options.receipts ? await saveReceipts(options.receipts, answer.regions, fleet) : []
      process.exitCode = exitCode(answer)
      if (options.json) process.stdout.write(`${JSON.stringify(answer)}\n`)
      else report(answer)
      for (const path of receipts) note(`receipt ${path}`)
    })
}

const isBundle = (path: string): boolean => !/\.[cm]?[jt]sx?$/.test(path)

async function bundleOf(agent: string, key: SigningKey, fleet: Fleet, options: RunOptions): Promise<Uint8Array> {
  if (isBundle(agent)) return readBundle(agent)
  if (options.data === undefined) {
    throw new UsageError('USAGE', 'no data is named', {
      remedy: 'say what the agent may read: --data s3://bucket/prefix/',
    })
  }
  const { expires: expiresInMs, data: scopes, limit: limits = {} } = options
  return (await packSigned(agent, key, { scopes, limits, fleet: fleet.name, expiresInMs })).file
}

async function readSender({ key, fleet }: RunOptions): Promise<SigningKey> {
  if (key !== undefined) return readKeyFile(key)
  if (fleet === LOCAL) return readKeyFile(localFleetFiles(localDir()).developerKey)
  throw new UsageError('USAGE', 'no key is named', { remedy: 'sign with --key FILE; lander keygen makes one' })
}

/** The value to stdout; what happened in which region to stderr. */
function report(answer: Answer): void {
  if (answer.value !== undefined) process.stdout.write(`${JSON.stringify(answer.value, undefined, 2)}\n`)
  for (const result of answer.regions) {
    for (const line of result.settlement?.logs ?? []) note(`${paint('dim', result.region, process.stderr)} ${line}`)
    const problem = problemOf(result)
    if (problem === undefined) continue
    note(`${paint('red', result.region, process.stderr)} ${problem.code}: ${problem.message}`)
    if (problem.remedy !== undefined) note(`  ${paint('green', 'remedy', process.stderr)}: ${problem.remedy}`)
  }
  note(summary(answer))
}

/** Why a region has no value, if it has none. */
function problemOf({
  settlement,
  error,
}: RegionResult): { code: string; message: string; remedy?: string } | undefined {
  if (settlement === undefined) return error
  const { outcome } = settlement
  if (outcome.kind === 'stopped') return { code: `stopped by ${outcome.limit}`, message: outcome.message }
  if (outcome.kind === 'failed') return { code: outcome.error.code, message: describe(outcome.error) }
  return undefined
}

function describe({ name, message, stack }: AgentFailure): string {
  const said =
    [name, message].filter(Boolean).join(': ') || 'the agent failed; its words are withheld (errorBytes is 0)'
  return stack === undefined ? said : `${said}\n${stack.trimEnd()}`
}

function summary({ regions, usage }: Answer): string {
  const rows = regions.map((region) => [
    region.region,
    outcomeOf(region),
    bytes(region.settlement?.usage.bytesRead ?? 0),
    bytes(region.settlement?.usage.bytesReturned ?? 0),
    bytes(region.bytesMoved),
    seconds(region.seconds),
  ])
  const { bytesRead, bytesReturned, bytesMoved } = usage
  rows.push(['all', '', bytes(bytesRead), bytes(bytesReturned), bytes(bytesMoved), ''])
  return table(['region', 'outcome', 'read there', 'returned', 'moved', 'time'], rows)
}

/** The gravest region decides; a refusal and an unreachable region have codes of their own. */
function exitCode({ outcome }: Answer): number {
  if (outcome === 'completed') return EXIT.done
  if (outcome === 'refused') return EXIT.refused
  return outcome === 'unreachable' ? EXIT.unreachable : EXIT.failed
}
