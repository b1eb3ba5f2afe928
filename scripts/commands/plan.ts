import { Command } from 'commander'
import { readManifest } from '../../lib/author/sign-order.ts'
import { openClient as openClientPlace } from '../../lib/client/open-client.ts'
import { UsageError } from '../../lib/errors.ts'
import { chooseMode } from '../../lib/estimate/choose-mode.ts'
import { explainAccuracy, explainQuote } from '../../lib/estimate/explain-quote.ts'
import { accuracy, readJournal } from '../../lib/estimate/journal.ts'
import { type Sample, sampleAgent } from '../../lib/estimate/sampling.ts'
import { type Survey, surveyData } from '../../lib/estimate/survey.ts'
import { createFleetClients, type FleetClients } from '../../lib/fleet/clients.ts'
import type { Fleet } from '../../lib/fleet/fleet.ts'
import { readPolicy } from '../../lib/fleet/read-policy.ts'
import type { MissionOptions } from '../../lib/mission/mission.ts'
import { EXIT, note, printResult } from '../terminal/output.ts'
import { type AgentOptions, bundleOf, readSender } from './bundle-of.ts'
import { fleetOption, readFleet } from './fleet-option.ts'
import { dataOption, expiresOption, limitOption } from './options.ts'
import {
  clientLinkOf,
  inventoriesOf,
  journalPath,
  moneyOption,
  priceFileOf,
  type QuoteWords,
  timeOption,
  withQuoteOptions,
} from './quote-options.ts'
import { INPUT_WORDS, readInput } from './read-input.ts'

interface PlanOptions extends AgentOptions, QuoteWords {
  input?: string
  sample?: boolean
  accuracy?: boolean
  deadline?: number
  budget?: number
  keep?: string[]
  keepResults?: string[]
  json?: boolean
}

/** `lander plan`: what a run would take, and where it would go, before it is paid for. */
export function planCommand(): Command {
  const command = new Command('plan')
    .description('say where an agent would run, what it would cost and how long it would take')
    .argument('[agent]', 'the agent (.ts, .js), or a bundle from lander pack')
    .addOption(dataOption())
    .option('--input <json>', `what the agent is called with when it is tried: ${INPUT_WORDS}`)
    .option('--sample', 'try the agent on a little of the data, where it lies')
    .option('--accuracy', 'show how far predictions have been off so far')
    .addOption(timeOption('--deadline <time>', 'the least money that is done in this time'))
    .addOption(moneyOption('--budget <usd>', 'the least time for this money'))
    .option('--keep <region...>', 'regions whose data must not leave them')
    .option('--keep-results <region...>', 'regions whose results must not leave them')
    .option('--key <file>', 'your key, from lander keygen (a local fleet has one of its own)')
    .addOption(fleetOption())
    .addOption(limitOption())
    .addOption(expiresOption())
    .option('--json', 'print one JSON document')
  return withQuoteOptions(command).action(async (agent: string | undefined, options: PlanOptions) => {
    if (options.accuracy) return showAccuracy(options)
    if (agent === undefined)
      throw new UsageError('USAGE', 'no agent is named', { remedy: 'lander plan AGENT.ts --data …' })
    await showPlan(agent, options)
  })
}

async function showAccuracy({ json }: PlanOptions): Promise<void> {
  const report = accuracy(await readJournal(journalPath()))
  printResult(json, report, () => explainAccuracy(report))
}

async function showPlan(agent: string, options: PlanOptions): Promise<void> {
  const fleet = await readFleet(options.fleet)
  const sender = await readSender(options)
  using clients = createFleetClients(fleet)
  const { file } = await bundleOf(agent, sender, fleet, options)
  const manifest = readManifest(file)
  const scopes = options.data ?? manifest.scopes
  const input = await readInput(options.input)
  const mission = {
    fleet,
    clients,
    file,
    sender,
    input,
    order: { scopes, ...(options.limit && { limits: options.limit }) },
  }
  const survey = await surveyData({ scopes, fleet, clients, inventories: await inventoriesOf(options, fleet, clients) })
  const sample = options.sample && survey.objects > 0 ? await trySample(mission, survey, fleet, clients) : undefined
  const quote = chooseMode({
    fleet,
    manifest,
    survey,
    agentBytes: file.length + JSON.stringify(input).length,
    sample,
    journal: await readJournal(journalPath()),
    client: clientLinkOf(options, fleet),
    keepData: options.keep ?? [],
    keepResults: options.keepResults ?? [],
    deadlineSeconds: options.deadline,
    budgetUsd: options.budget,
    prices: await priceFileOf(options),
  })
  if (!quote.plan.feasible) process.exitCode = EXIT.failed
  const { problem: _, ...told } = quote
  printResult(options.json, { ...told, survey, ...(sample && { sample }) }, () => explainQuote(quote, sample))
}

async function trySample(
  mission: MissionOptions,
  survey: Survey,
  fleet: Fleet,
  clients: FleetClients,
): Promise<Sample> {
  note('trying the agent on a little of the data …')
  const openClient = async () =>
    openClientPlace({ fleet: fleet.name, policy: await readPolicy(fleet, clients, Date.now()) })
  return sampleAgent({ mission, survey, openClient })
}
