/** Copies of the agent: the functions that they are sent to call, and their answers. */
import { type CallReply, call, nextNumber } from './calls.ts'
import { create, parse, stringify } from './captured.ts'
import { enterFork } from './forks.ts'
import { PlaceError } from './place-error.ts'
import { type AgentErrorText, rebuildError } from './rebuild-error.ts'

/** The answer of a copy, as the host passes it on. */
type Answer =
  | { readonly kind: 'completed'; readonly value: unknown }
  | { readonly kind: 'failed'; readonly error: AgentErrorText }
  | { readonly kind: 'stopped'; readonly message: string }
  | { readonly kind: 'lost'; readonly message: string }

/**
 * The functions that copies are sent to call, by number. They stay in this heap, so every copy of the heap has them.
 */
const tasks: Record<number, () => unknown> = create(null)

/** Which task this heap runs: 0 is the agent itself, any other number the task of a copy. */
let current = 0
let underWay = 0

export function currentTask(): number {
  return current
}

/** How many copies have not answered. */
export function copiesUnderWay(): number {
  return underWay
}

/** Sends a copy of this agent to `region`, to call `task` there. */
export async function sendCopy(region: string, task: () => unknown): Promise<unknown> {
  const entry = nextNumber()
  tasks[entry] = task
  underWay++
  try {
    const { text } = (await call('at', stringify({ to: region, entry }))) as CallReply
    return resultOf(parse(text!) as Answer)
  } finally {
    underWay--
    delete tasks[entry]
  }
}

/** Turns this heap into a copy, which only runs its task. What the agent itself waited for is never settled here. */
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
