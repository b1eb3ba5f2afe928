/** Detached missions, from any machine: where one is, what it came to, and an end to it. */
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
import { prepareReceipts, saveReceipts } from './save-receipts.ts'

interface MissionWords extends Pick<AgentOptions, 'fleet' | 'key'> {
  json?: boolean
}

interface ResultWords extends MissionWords {
  wait?: boolean
  receipts?: string
}

/** How often `--wait` asks: at first, and at last. */
const [FIRST_WAIT_MS, LONGEST_WAIT_MS] = [250, 5000]

function missionCommand(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .argument('<mission>', 'what lander run --detach printed')
    .addOption(fleetOption())
    .option('--json', 'print one JSON document')
}

/** `lander status` */
export function statusCommand(): Command {
  return missionCommand('status', 'where a detached mission is').action(
    async (mission: string, { fleet: name, json }: MissionWords) => {
      const fleet = await readFleet(name)
      using clients = createFleetClients(fleet)
      const status = await missionStatus(mission, { fleet, clients })
      printResult(json, status, () => describe(status))
    },
  )
}

/** `lander result` */
export function resultCommand(): Command {
  return missionCommand('result', 'what a detached mission came to')
    .option('--wait', 'wait until it has come to something')
    .option('--key <file>', 'your key, to merge several results with (a local fleet has one of its own)')
    .option('--receipts <folder>', 'where to write what each region signed about the run, once it is verified')
    .action(async (mission: string, { fleet: name, key, wait = false, receipts, json }: ResultWords) => {
      const fleet = await readFleet(name)
      using clients = createFleetClients(fleet)
      if (receipts !== undefined) await prepareReceipts(receipts)
      const sender = () => readSender({ fleet: name, ...(key !== undefined && { key }) })
      const answer = await patiently(() => collectAnswer(mission, { fleet, clients, sender }), wait)
      const saved = receipts === undefined ? [] : await saveReceipts(receipts, answer.regions, fleet)
      process.exitCode = exitCodeOfAnswer(answer)
      if (json) process.stdout.write(`${JSON.stringify(answer)}\n`)
      else report(answer)
      for (const path of saved) note(`receipt ${path}`)
    })
}

/** `lander cancel` */
export function cancelCommand(): Command {
  return missionCommand('cancel', 'let a detached mission land no more').action(
    async (mission: string, { fleet: name, json }: MissionWords) => {
      const fleet = await readFleet(name)
      using clients = createFleetClients(fleet)
      const cancelled = await cancelMission(mission, { fleet, clients })
      printResult(json, { mission, cancelled }, () =>
        cancelled ? `cancelled: what runs now ends with its landing` : 'it was cancelled before',
      )
    },
  )
}

async function patiently(ask: () => Promise<Answer>, wait: boolean): Promise<Answer> {
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
  const times = `sent off ${new Date(sentAt).toISOString()} from ${relay}, good until ${new Date(expiresAt).toISOString()}`
  const counts = `${landings} landings${replaced === 0 ? '' : `, ${replaced} of them anew after a place died`}`
  const rows = last.map((landing) => [landing.branch, String(landing.sequence), landing.region, whereabouts(landing)])
  return [state, times, counts, table(['agent', 'landing', 'in', ''], rows)].join('\n')
}

function whereabouts({ ended, attempts, until }: LastLanding): string {
  if (ended) return 'ended'
  const left = until === undefined ? 0 : (until - Date.now()) / 1000
  const attempt = attempts > 1 ? `attempt ${attempts}, ` : ''
  return left > 0 ? `${attempt}at work, for ${seconds(left)} at most` : `${attempt}its place is overdue`
}
