import { Command } from 'commander'
import { readManifest } from '../../lib/author/sign-order.ts'
import { openClient as openClientPlace } from '../../lib/client/open-client.ts'
import { UsageError } from '../../lib/errors.ts'
import { accuracy, readHistory } from '../../lib/estimate/accuracy-history.ts'
import { chooseMode } from '../../lib/estimate/choose-mode.ts'
import { explainAccuracy, explainQuote } from '../../lib/estimate/explain-quote.ts'
import { type Sample, sampleAgent } from '../../lib/estimate/sampling.ts'
import { type Survey, surveyData } from '../../lib/estimate/survey.ts'
import { createFleetClients, type FleetClients } from '../../lib/fleet/clients.ts'
import type { Fleet } from '../../lib/fleet/fleet-file.ts'
import { readPolicy } from '../../lib/fleet/read-policy.ts'
import type { MissionOptions } from '../../lib/mission/mission.ts'
import { EXIT, note, printResult } from '../terminal/output.ts'
import { type AgentOptions, bundleOf, readSender } from './bundle-of.ts'
import { fleetOption, readFleet } from './fleet-option.ts'
import { withHelp } from './help-sections.ts'
import { dataOption, expiresOption, jsonOption, limitOption } from './options.ts'
import {
  clientLinkOf,
  historyPath,
  inventoriesOf,
  moneyOption,
  priceFileOf,
  type QuoteCommandOptions,
  timeOption,
  withQuoteOptions,
} from './quote-options.ts'
import { INPUT_FORMS, readInput } from './read-input.ts'

interface PlanOptions extends AgentOptions, QuoteCommandOptions {
  input?: string
  sample?: boolean
  accuracy?: boolean
  deadline?: number
  budget?: number
  keep?: string[]
  keepResults?: string[]
  json?: boolean
}

/** `lander plan`: shows where an agent would run, what that costs and how long it takes. */
export function planCommand(): Command {
  const command = new Command('plan')
    .description('show where an agent would run, what it would cost and how long it would take')
    .argument('[agent]', 'the agent’s source (.ts, .js), or a bundle from lander pack; not needed with --accuracy')
    .addOption(dataOption())
    .option('--input <json>', `the agent’s input in trial runs: ${INPUT_FORMS}`)
    .option('--sample', 'first run the agent on a small part of the data, in the regions of the data')
    .option('--accuracy', 'show how far earlier predictions were off, and plan nothing')
    .addOption(timeOption('--deadline <time>', 'find the cheapest plan that ends in this time, such as 15m'))
    .addOption(moneyOption('--budget <usd>', 'find the fastest plan that costs no more, such as 1.50'))
    .option('--keep <region...>', 'regions whose data must not leave them')
    .option('--keep-results <region...>', 'regions whose results must not leave them')
    .option('--key <file>', 'your private key, from lander keygen (default for a local fleet: its developer key)')
    .addOption(fleetOption())
    .addOption(limitOption())
    .addOption(expiresOption())
    .addOption(jsonOption())
  withHelp(withQuoteOptions(command), {
    notes: ['The exit code is 1 if no plan keeps the constraints. plan.reasons then name them.'],
    examples: [
      'lander plan count.ts --data s3://logs-us/ --data s3://logs-eu/ --sample',
      'lander plan count.ts --data s3://logs-eu/ --deadline 15m --keep eu-west-1',
      'lander plan --accuracy',
    ],
    json: '{agent, basis, plan, seconds: {low, value, high}, usd: {low, value, high}, parts, client, notes, survey, sample?}; with --accuracy, {seconds: {runs, medianError, error90, bias, withinInterval}, usd, byBasis, byAgent}',
    page: 'gravity.md',
  })
  return command.action(async (agent: string | undefined, options: PlanOptions) => {
    if (options.accuracy) return showAccuracy(options)
    if (agent === undefined)
      throw new UsageError('USAGE', 'no agent is named', { remedy: 'lander plan AGENT.ts --data …' })
    await showPlan(agent, options)
  })
}

async function showAccuracy({ json }: PlanOptions): Promise<void> {
  const report = accuracy(await readHistory(historyPath()))
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
    history: await readHistory(historyPath()),
    client: clientLinkOf(options, fleet),
    keepData: options.keep ?? [],
    keepResults: options.keepResults ?? [],
    deadlineSeconds: options.deadline,
    budgetUsd: options.budget,
    prices: await priceFileOf(options),
  })
  if (!quote.plan.feasible) process.exitCode = EXIT.failed
  const { problem: _, ...shown } = quote
  printResult(options.json, { ...shown, survey, ...(sample && { sample }) }, () => explainQuote(quote, sample))
}

async function trySample(
  mission: MissionOptions,
  survey: Survey,
  fleet: Fleet,
  clients: FleetClients,
): Promise<Sample> {
  note('running the agent on a small part of the data …')
  const openClient = async () =>
    openClientPlace({ fleet: fleet.name, policy: await readPolicy(fleet, clients, Date.now()) })
  return sampleAgent({ mission, survey, openClient })
}
