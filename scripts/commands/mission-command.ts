/** Detached missions: `lander status`, `lander result` and `lander cancel`, from any computer with the fleet file. */
import { setTimeout as sleep } from 'node:timers/promises'
import { Command } from 'commander'
import { UsageError } from '../../lib/errors.ts'
import { createFleetClients } from '../../lib/fleet/clients.ts'
import { collectAnswer } from '../../lib/mission/detached/collect.ts'
import {
  cancelMission,
  type LastLanding,
  type MissionStatus,
  missionStatus,
} from '../../lib/mission/detached/status.ts'
import type { Answer } from '../../lib/mission/merge.ts'
import { exitCodeOfAnswer, reportAnswer } from '../terminal/answer-report.ts'
import { note, printResult, seconds, table } from '../terminal/output.ts'
import { reportRoute } from '../terminal/route-report.ts'
import { type AgentOptions, readSender } from './bundle-of.ts'
import { fleetOption, readFleet } from './fleet-option.ts'
import { withHelp } from './help-sections.ts'
import { jsonOption } from './options.ts'
import { prepareReceipts, saveReceipts } from './save-receipts.ts'

interface MissionOptions extends Pick<AgentOptions, 'fleet' | 'key'> {
  json?: boolean
}

interface ResultOptions extends MissionOptions {
  wait?: boolean
  receipts?: string
}

const MISSION_STATES = 'under way|answered|cancelled|expired'

/** Milliseconds between two requests of `--wait`: at first, and after several doublings. */
const [FIRST_WAIT_MS, LONGEST_WAIT_MS] = [250, 5000]

function missionCommand(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .argument('<mission>', 'the mission’s id, which lander run --detach printed')
    .addOption(fleetOption())
    .addOption(jsonOption())
}

/** `lander status` */
export function statusCommand(): Command {
  return withHelp(missionCommand('status', 'show where a detached mission is'), {
    examples: ['lander status 6f1c2a…'],
    json: `{mission, state: ${MISSION_STATES}, relay, regions, sentAt, expiresAt, landings, replaced, last: [{branch, sequence, region, attempts, ended, until?}]}`,
    page: 'mobility.md#detached-missions',
  }).action(async (mission: string, { fleet: name, json }: MissionOptions) => {
    const fleet = await readFleet(name)
    using clients = createFleetClients(fleet)
    const status = await missionStatus(mission, { fleet, clients })
    printResult(json, status, () => describe(status))
  })
}

/** `lander result` */
export function resultCommand(): Command {
  const command = missionCommand('result', 'print the result of a detached mission')
    .option('--wait', 'wait until the mission has ended')
    .option(
      '--key <file>',
      'your key, which signs the order that merges several results (default for a local fleet: its developer key)',
    )
    .option('--receipts <folder>', 'the folder for the receipts of the regions, written after they are verified')
  return withHelp(command, {
    notes: ['While the mission runs and --wait is not given, the error is MISSION_UNDER_WAY and the exit code 2.'],
    examples: ['lander result 6f1c2a… --wait'],
    json: 'the same as lander run',
    page: 'mobility.md#detached-missions',
  }).action(async (mission: string, { fleet: name, key, wait = false, receipts, json }: ResultOptions) => {
    const fleet = await readFleet(name)
    using clients = createFleetClients(fleet)
    if (receipts !== undefined) await prepareReceipts(receipts)
    const sender = () => readSender({ fleet: name, ...(key !== undefined && { key }) })
    const answer = await askUntilEnded(() => collectAnswer(mission, { fleet, clients, sender }), wait)
    const saved = receipts === undefined ? [] : await saveReceipts(receipts, answer.regions, fleet)
    process.exitCode = exitCodeOfAnswer(answer)
    if (json) process.stdout.write(`${JSON.stringify(answer)}\n`)
    else report(answer)
    for (const path of saved) note(`receipt ${path}`)
  })
}

/** `lander cancel` */
export function cancelCommand(): Command {
  return withHelp(missionCommand('cancel', 'stop a detached mission from landing again'), {
    notes: ['A landing that is under way runs to its end.'],
    examples: ['lander cancel 6f1c2a…'],
    json: '{mission, cancelled}; cancelled is false if the mission was cancelled before',
    page: 'mobility.md#detached-missions',
  }).action(async (mission: string, { fleet: name, json }: MissionOptions) => {
    const fleet = await readFleet(name)
    using clients = createFleetClients(fleet)
    const cancelled = await cancelMission(mission, { fleet, clients })
    printResult(json, { mission, cancelled }, () =>
      cancelled ? 'cancelled: landings that are under way run to their end' : 'the mission was cancelled before',
    )
  })
}

async function askUntilEnded(ask: () => Promise<Answer>, wait: boolean): Promise<Answer> {
  for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS))
    try {
      return await ask()
    } catch (error) {
      if (!wait || !(error instanceof UsageError) || error.code !== 'MISSION_UNDER_WAY') throw error
      await sleep(waitMs)
    }
}

function report(answer: Answer): void {
  if (answer.regions.length === 1) reportRoute(answer)
  reportAnswer(answer)
}

function describe({ state, sentAt, expiresAt, relay, landings, replaced, last }: MissionStatus): string {
  const times = `sent ${new Date(sentAt).toISOString()} from ${relay}, expires ${new Date(expiresAt).toISOString()}`
  const counts = `${landings} landings${replaced === 0 ? '' : `, ${replaced} of them retries of failed ones`}`
  const rows = last.map((landing) => [landing.branch, String(landing.sequence), landing.region, whereabouts(landing)])
  return [state, times, counts, table(['agent', 'landing', 'in', ''], rows)].join('\n')
}

function whereabouts({ ended, attempts, until }: LastLanding): string {
  if (ended) return 'ended'
  const left = until === undefined ? 0 : (until - Date.now()) / 1000
  const attempt = attempts > 1 ? `attempt ${attempts}, ` : ''
  return left > 0 ? `${attempt}running, for at most ${seconds(left)} more` : `${attempt}the place is overdue`
}
