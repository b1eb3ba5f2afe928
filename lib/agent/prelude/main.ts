/**
 * The module `lander/agent` as it is inside a place: what authors import, and the hooks the host calls. It is
 * evaluated once per engine instance, before the author's module.
 */

import type { Agent, Place } from '../agent.ts'
import { AgentError } from './agent-error.ts'
import { settle, tell } from './calls.ts'
import { ErrorClass, parse, whenSettled } from './captured.ts'
import { describeThrown, exhaustedLimit, toJson } from './describe.ts'
import { installGlobals } from './globals.ts'
import { lockNamespaces, removeCompilers, removeSharedMemory } from './harden.ts'
import { host } from './host.ts'
import { enterPlace } from './place.ts'
import { installRandom, seedRandom } from './random.ts'

export * from '../index.ts'

/** What the host sends to start a run. */
interface StartRequest {
  readonly entry: 'run' | 'merge'
  readonly context: Place
  readonly seed: readonly number[]
  readonly limits: { readonly resultBytes: number; readonly errorBytes: number }
  /** JSON text. */
  readonly input: string
}

let exported: unknown
let loaded = false
let errorLength = 1024

/** Takes the promise of the author's module. */
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
  const { entry, context, seed, limits, input } = parse(request) as StartRequest
  errorLength = limits.errorBytes
  try {
    const definition = definedAgent()
    seedRandom(seed)
    enterPlace(Object.freeze({ ...context, regions: Object.freeze(context.regions) }))
    const result = await (entry === 'merge'
      ? mergeAll(definition, parse(input))
      : definition.run(parse(input), context))
    const text = toJson(result)
    if (text.length > limits.resultBytes) tell('stop', 'resultBytes')
    else tell('return', text)
  } catch (error) {
    fail(error)
  }
}

function definedAgent(): Agent {
  if (!loaded) throw new AgentError('AGENT_INVALID', 'the module waits at its top level for something that never comes')
  const definition = exported as Agent | undefined
  if (typeof definition?.run !== 'function')
    throw new AgentError('AGENT_INVALID', 'the module has no `export default agent(…)`')
  return definition
}

function mergeAll(definition: Agent, results: never[]): unknown {
  return definition.merge === undefined ? results : definition.merge(results)
}

/** A module that does not load is no agent, whatever it stumbled over. */
function refuse(error: unknown): void {
  const ours = error instanceof ErrorClass && exhaustedLimit(error) === undefined
  fail(ours ? new AgentError('AGENT_INVALID', `the module does not load: ${error.message}`) : error)
}

function fail(error: unknown): void {
  const limit = exhaustedLimit(error)
  if (limit === undefined) tell('throw', describeThrown(error, errorLength))
  else tell('stop', limit)
}

removeSharedMemory()
installRandom()
installGlobals()
const compiles = host!('boot', 0, '', settle, load, start, refuse, fail)
if (compiles !== true) removeCompilers()
lockNamespaces()
