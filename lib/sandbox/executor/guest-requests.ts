/** The requests with which the executor starts or resumes an agent in the prelude. */
import type { CopyAnswer } from '../contract/outcome.ts'
import type { Resume } from '../contract/resume.ts'
import type { RunMessage } from '../wire/protocol.ts'
import type { Waiting } from '../wire/snapshot.ts'
import type { Landing } from './reads/reads.ts'

/** The request to start an agent. */
export function startRequest({ entry, context, seed, limits, mainBytes }: RunMessage, body: Uint8Array): string {
  const input = Buffer.from(body.subarray(mainBytes)).toString('utf8')
  return JSON.stringify({ entry, context, seed, limits, input })
}

/** How an agent that resumes continues its reads. */
export function landingOf({ from, copy: call }: Resume, { region, clientPlaces = [] }: RunMessage['context']): Landing {
  const copy = call !== undefined
  // All client places share one store.
  const stays = !copy && (from === region || (clientPlaces.includes(from) && clientPlaces.includes(region)))
  return { from, stays, copy }
}

/** The request to resume a restored agent: where it is, and the results of its calls. */
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
  const results = calls.map(({ to }, index) => explainLoss(answers[index] ?? { kind: 'lost', reason: 'failed' }, to))
  return JSON.stringify({ context, settled: calls.map(({ call }, index) => [call, JSON.stringify(results[index])]) })
}

function explainLoss(answer: CopyAnswer, to: string): object {
  if (answer.kind !== 'lost') return answer
  const why = {
    unreachable: `${to} could not be reached`,
    refused: `${to} did not admit the copy`,
    failed: `the copy was lost in ${to}`,
  }
  return { kind: 'lost', message: why[answer.reason] }
}
