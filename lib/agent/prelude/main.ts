/**
 * The module `lander/agent` inside a place: what authors import, and the hooks that the host calls. It is evaluated
 * once, before the author's module.
 */

import type { Agent, AgentContext } from '../agent.ts'
import { AgentError } from './agent-error.ts'
import { settle, tell, withStack } from './calls.ts'
import { ErrorClass, parse, whenSettled } from './captured.ts'
import { currentTask, runTask } from './copies.ts'
import { describeThrown, exhaustedLimit, toJson } from './describe.ts'
import { endBranch, endUnjoined, requireJoined } from './forks.ts'
import { installGlobals } from './globals.ts'
import { lockNamespaces, removeCompilers, removeSharedMemory } from './harden.ts'
import { host } from './host.ts'
import { numbers } from './kernel-calls.ts'
import { enterPlace } from './place.ts'
import { installRandom, seedRandom } from './random.ts'

export * from '../index.ts'
export { bundledKernel } from './bundled-kernel.ts'

/** The request with which the host starts an agent. */
interface StartRequest {
  readonly entry: 'run' | 'merge'
  readonly context: AgentContext
  readonly seed: readonly number[]
  readonly limits: { readonly resultBytes: number; readonly errorBytes: number }
  /** JSON text. */
  readonly input: string
}

/** The request with which the host resumes a restored agent. */
interface ArrivalRequest {
  readonly context: AgentContext
  /** The calls that the agent waited for, with their results. */
  readonly settled: readonly (readonly [call: number, text: string | undefined])[]
  /** For a copy: the task that it was sent to run. */
  readonly copy?: { readonly entry: number; readonly seed: readonly number[] }
}

let exported: unknown
let loaded = false
let limits: StartRequest['limits'] = { resultBytes: 0, errorBytes: 1024 }

/** Keeps the agent that the author's module exports. */
function load(module: Promise<{ default?: unknown }>): void {
  whenSettled(
    module,
    (namespace: { default?: unknown }) => {
      exported = namespace.default
      loaded = true
    },
    refuse,
  )
}

async function start(request: string): Promise<void> {
  const { entry, context, seed, input, ...run } = parse(request) as StartRequest
  limits = run.limits
  await answer(() => {
    const definition = definedAgent()
    seedRandom(seed)
    enter(context)
    return entry === 'merge' ? mergeAll(definition, parse(input)) : definition.run(parse(input), context)
  })
}

/** Resumes a restored agent. */
function arrive(request: string): void {
  const { context, settled, copy } = parse(request) as ArrivalRequest
  enter(context)
  for (const [number, text] of settled) settle(number, true, text, undefined)
  if (copy === undefined) return
  seedRandom(copy.seed)
  void answer(() => runTask(copy.entry))
}

function enter({ regions, clientPlaces, ...context }: AgentContext): void {
  const places = { regions: Object.freeze(regions), ...(clientPlaces && { clientPlaces: Object.freeze(clientPlaces) }) }
  enterPlace(Object.freeze({ ...context, ...places }))
}

/** Runs `work` and reports its end to the host, unless this heap has meanwhile become a copy with its own task. */
async function answer(work: () => unknown): Promise<void> {
  let task: number | undefined
  try {
    const working = work()
    task = currentTask()
    const value = await working
    if (task !== currentTask()) return endUnjoined()
    requireJoined()
    const text = toJson(value)
    if (text.length > limits.resultBytes) tell('stop', 'resultBytes')
    else tell('return', text)
  } catch (error) {
    if (task === undefined || task === currentTask()) fail(error)
    else endBranch(error)
  }
}

function definedAgent(): Agent {
  if (!loaded)
    throw new AgentError('AGENT_INVALID', 'the module awaits a promise at its top level that nothing can settle')
  const definition = exported as Agent | undefined
  if (typeof definition?.run !== 'function')
    throw new AgentError('AGENT_INVALID', 'the module has no `export default agent(…)`')
  return definition
}

function mergeAll(definition: Agent, results: never[]): unknown {
  return definition.merge === undefined ? results : definition.merge(results)
}

/** Reports a module that does not load as `AGENT_INVALID`, whatever it threw. */
function refuse(error: unknown): void {
  const ours = error instanceof ErrorClass && exhaustedLimit(error) === undefined
  fail(
    ours
      ? withStack(new AgentError('AGENT_INVALID', `the module does not load: ${error.message}`), error.stack)
      : error,
  )
}

function fail(error: unknown): void {
  const limit = exhaustedLimit(error)
  if (limit === undefined) tell('throw', describeThrown(error, limits.errorBytes))
  else tell('stop', limit)
}

removeSharedMemory()
installRandom()
installGlobals()
const compiles = host!('boot', 0, '', settle, load, start, refuse, fail, arrive, numbers)
if (compiles !== true) removeCompilers()
lockNamespaces()
