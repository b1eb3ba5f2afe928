/**
 * Measures how accurate a quote is: the demo's question in both modes, in the local cloud with WAN links, after a trial
 * run.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { packSigned } from '../lib/author/pack-signed.ts'
import { openClient } from '../lib/client/open-client.ts'
import { type Mode, type Quote, quoteRun } from '../lib/estimate/quote.ts'
import { sampleAgent } from '../lib/estimate/sampling.ts'
import { surveyData } from '../lib/estimate/survey.ts'
import { createFleetClients } from '../lib/fleet/clients.ts'
import { readPolicy } from '../lib/fleet/read-policy.ts'
import { startLocalFleet } from '../lib/local/local-fleet.ts'
import { executePlan } from '../lib/mission/execute-plan.ts'
import { DEMO_REGIONS } from '../scripts/demo/flights.ts'
import { DEMO_AGENT, DEMO_SCOPES, fillDemo } from '../scripts/demo/run-demo.ts'
import { note } from '../scripts/terminal/output.ts'
import { benchmark } from './support/program.ts'

/** The largest promised error of a prediction, relative to the measured value. */
const PROMISED_ERROR = 0.3

interface Comparison {
  readonly predicted: { readonly seconds: number; readonly low: number; readonly high: number; readonly usd: number }
  readonly measured: { readonly seconds: number }
  readonly error: number
}

async function compare(dir: string): Promise<{ byWay: Record<Mode, Comparison>; sample: object }> {
  await using local = await startLocalFleet({ dir, regions: DEMO_REGIONS, wan: {} })
  const { fleet, developer } = local
  using clients = createFleetClients(fleet)
  const { file, manifest } = await packSigned(DEMO_AGENT, developer, { scopes: DEMO_SCOPES, fleet: fleet.name })
  const mission = { fleet, clients, file, sender: developer }
  const survey = await surveyData({ scopes: DEMO_SCOPES, fleet, clients })
  const openPlace = async () => openClient({ fleet: fleet.name, policy: await readPolicy(fleet, clients, Date.now()) })
  const sample = await sampleAgent({ mission, survey, openClient: openPlace })
  note(`tried the agent for ${sample.seconds.toFixed(1)} s`)

  const measure = async (mode: Mode): Promise<Comparison> => {
    const quote = quoteRun({ fleet, manifest, survey, sample, agentBytes: file.length, modes: [mode] })
    const parts = quote.parts.map((part, i) => ({ ...part, scopes: survey.regions[i]!.scopes }))
    const { outcome, seconds, regions } = await executePlan({ ...mission, parts })
    if (outcome !== 'completed') throw new Error(`${mode}: ${JSON.stringify(regions)}`)
    return comparisonOf(mode, quote, seconds)
  }
  return { byWay: { data: await measure('data'), client: await measure('client') }, sample }
}

function comparisonOf(mode: Mode, { seconds, usd }: Quote, measured: number): Comparison {
  const error = Math.abs(seconds!.value - measured) / measured
  note(`${mode}: predicted ${seconds!.value.toFixed(2)} s, measured ${measured.toFixed(2)} s`)
  const predicted = { seconds: seconds!.value, low: seconds!.low, high: seconds!.high, usd: usd!.value }
  return { predicted, measured: { seconds: measured }, error }
}

await benchmark('prediction', async ({ quick }) => {
  const dir = await mkdtemp(join(tmpdir(), 'lander-bench-'))
  try {
    await fillDemo(dir, quick ? 1_000_000 : 3_000_000, note)
    const { byWay, sample } = await compare(dir)
    const promise = (name: string, { error }: Comparison) => ({ name, value: error, unit: '', atMost: PROMISED_ERROR })
    return {
      about: 'What a quote foretold, against what the run then took, in the demo’s both modes.',
      promises: [
        promise('code → data: share the predicted time was off by', byWay.data),
        promise('data → code: share the predicted time was off by', byWay.client),
      ],
      figures: { codeToData: byWay.data, dataToCode: byWay.client, sample },
    }
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
})
