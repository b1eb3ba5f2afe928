/** What the prelude is told when an agent starts in a place, or lands there in the middle of its work. */
import type { CopyAnswer } from '../contract/outcome.ts'
import type { Resume } from '../contract/resume.ts'
import type { RunMessage } from '../wire/protocol.ts'
import type { Waiting } from '../wire/snapshot.ts'
import type { Landing } from './reads/reads.ts'

/** What the prelude needs to know to call the agent. */
export function startRequest({ entry, context, seed, limits, mainBytes }: RunMessage, body: Uint8Array): string {
  const input = Buffer.from(body.subarray(mainBytes)).toString('utf8')
  return JSON.stringify({ entry, context, seed, limits, input })
}

/** How an agent that is on its way goes on with what it read. */
export function landingOf(
  { from, copy: errand }: Resume,
  { region, clientPlaces = [] }: RunMessage['context'],
): Landing {
  const copy = errand !== undefined
  // The sender's own places have one store between them.
  const stays = !copy && (from === region || (clientPlaces.includes(from) && clientPlaces.includes(region)))
  return { from, stays, copy }
}

/** What a restored agent needs to know: where it is, and what it waited for. */
export function arrivalRequest(
  { context, seed }: RunMessage,
  { copy, answers = [] }: Resume,
  waiting: Waiting,
): string {
  if (waiting.kind !== 'scatter') {
    const settled = waiting.kind === 'hop' ? [[waiting.call, '']] : []
    return JSON.stringify({ context, settled })
  }
  const { calls } = waiting
  if (copy !== undefined) return JSON.stringify({ context, settled: [], copy: { entry: calls[copy]!.entry, seed } })
  const told = calls.map(({ to }, index) => explainLoss(answers[index] ?? { kind: 'lost', reason: 'failed' }, to))
  return JSON.stringify({ context, settled: calls.map(({ call }, index) => [call, JSON.stringify(told[index])]) })
}

function explainLoss(answer: CopyAnswer, to: string): object {
  if (answer.kind !== 'lost') return answer
  const why = {
    unreachable: `${to} could not be reached`,
    refused: `${to} did not let the copy in`,
    failed: `the copy was lost in ${to}`,
  }
  return { kind: 'lost', message: why[answer.reason] }
}
