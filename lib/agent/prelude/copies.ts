/** Copies of the agent: the functions they are to carry out, and what became of them. */
import { type CallReply, call, nextNumber } from './calls.ts'
import { create, parse, stringify } from './captured.ts'
import { enterFork } from './forks.ts'
import { PlaceError } from './place-error.ts'
import { type AgentErrorText, rebuildError } from './rebuild-error.ts'

/** What became of a copy, as the host tells it. */
type Answer =
  | { readonly kind: 'completed'; readonly value: unknown }
  | { readonly kind: 'failed'; readonly error: AgentErrorText }
  | { readonly kind: 'stopped'; readonly message: string }
  | { readonly kind: 'lost'; readonly message: string }

/** By number; they stay in this heap, closures and all, so a copy of it has them too. */
const tasks: Record<number, () => unknown> = create(null)

/** Whose work this heap does: 0 for the agent itself, else the number of a copy's errand. */
let current = 0
let underWay = 0

export function currentTask(): number {
  return current
}

/** Copies that this heap waits for. */
export function copiesUnderWay(): number {
  return underWay
}

/** Has a copy of this agent call `errand` in `region`. */
export async function sendCopy(region: string, errand: () => unknown): Promise<unknown> {
  const entry = nextNumber()
  tasks[entry] = errand
  underWay++
  try {
    const { text } = (await call('at', stringify({ to: region, entry }))) as CallReply
    return resultOf(parse(text!) as Answer)
  } finally {
    underWay--
    delete tasks[entry]
  }
}

/** From now on this is a copy, which has one thing to do; what the agent itself waited for never comes. */
export async function runTask(entry: number): Promise<unknown> {
  current = entry
  underWay = 0
  enterFork(undefined)
  return await tasks[entry]!()
}

function resultOf(answer: Answer): unknown {
  if (answer.kind === 'completed') return answer.value
  if (answer.kind === 'failed') throw rebuildError(answer.error)
  throw new PlaceError(answer.kind === 'stopped' ? 'COPY_STOPPED' : 'PLACE_UNREACHABLE', answer.message)
}
