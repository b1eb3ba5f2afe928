/**
 * The alternative for work that outlives a function: AWS's durable execution. It checkpoints the result of every step.
 * To resume, it calls the handler again from the start and returns the recorded results. AWS's local runner executes it
 * here.
 */
import { execFile } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { BenchResult } from '../support/program.ts'

const SDK = '@aws/durable-execution-sdk-js'
const RUNNER = '@aws/durable-execution-sdk-js-testing'
/** The package versions that are measured. */
const VERSIONS = { [SDK]: '2.4.0', [RUNNER]: '1.1.4' }
const FOLDER = join(
  import.meta.dirname,
  `../../node_modules/.cache/lander-bench/durable-${Object.values(VERSIONS).join('-')}`,
)

/** Measurements of a durable function. */
export interface DurableRun {
  /** The JSON bytes of all checkpoints together. */
  readonly checkpointBytes: number
  /** The JSON bytes of the state that a replay receives. */
  readonly stateBytes: number
  /** Milliseconds from the handler's call to the end of its last step, for the fastest replay. */
  readonly replayMs: number
}

export interface DurableOptions {
  readonly steps: number
  /** Returns the result of a step. */
  result(step: number): unknown
  /** The number of suspensions, each followed by a replay. Each takes a second. @default 0 */
  readonly replays?: number
}

export interface DurablePeer {
  run(options: DurableOptions): Promise<DurableRun>
  close(): Promise<void>
}

/** Opens the local runner, or returns why it is missing. */
export async function openDurable(): Promise<DurablePeer | NonNullable<BenchResult['missing']>> {
  try {
    const { withDurableExecution, LocalDurableTestRunner } = await install()
    await LocalDurableTestRunner.setupTestEnvironment({ skipTime: false })
    return {
      run: (options) => runDurable(options, withDurableExecution, LocalDurableTestRunner),
      close: () => LocalDurableTestRunner.teardownTestEnvironment(),
    }
  } catch (error) {
    return [`${RUNNER}: ${(error as Error).message.split('\n')[0]}`]
  }
}

/**
 * Installs the packages for the benchmark. They need Node 22, so as dependencies of this repository they would cause
 * warnings in every installation on Node 20.
 */
async function install(): Promise<{ withDurableExecution: Wrap; LocalDurableTestRunner: Runner }> {
  const require = createRequire(join(FOLDER, 'package.json'))
  const load = () => ({ ...(require(SDK) as { withDurableExecution: Wrap }), ...(require(RUNNER) as Runners) })
  try {
    return load()
  } catch {
    await mkdir(FOLDER, { recursive: true })
    const packages = Object.entries(VERSIONS).map(([name, version]) => `${name}@${version}`)
    const quiet = ['--no-save', '--no-audit', '--no-fund', '--loglevel=error']
    await promisify(execFile)('npm', ['install', '--prefix', FOLDER, ...quiet, ...packages])
    return load()
  }
}

/**
 * The part of the packages' types that this file uses. The packages are not installed when this file is type-checked.
 */
interface DurableContext {
  step(name: string, work: () => Promise<unknown>): Promise<unknown>
  wait(duration: { seconds: number }): Promise<unknown>
}
interface DurableEvent {
  readonly InitialExecutionState: unknown
  readonly durableExecutionClient: { checkpoint(request: unknown, ...rest: unknown[]): Promise<unknown> }
}
type Handler = (event: DurableEvent, context: unknown) => Promise<unknown>
type Wrap = (work: (event: unknown, context: DurableContext) => Promise<unknown>) => Handler
interface Runner {
  new (options: {
    handlerFunction: Handler
  }): {
    run(call: { payload: unknown }): Promise<{ getStatus(): string }>
  }
  setupTestEnvironment(options: { skipTime: boolean }): Promise<void>
  teardownTestEnvironment(): Promise<void>
}
interface Runners {
  readonly LocalDurableTestRunner: Runner
}

async function runDurable(
  { steps, result, replays = 0 }: DurableOptions,
  wrap: Wrap,
  LocalRunner: Runner,
): Promise<DurableRun> {
  const calls: { readonly stateBytes: number; readonly begun: number; replayed: number }[] = []
  let checkpointBytes = 0
  const durable = wrap(async (_, context) => {
    for (let i = 0; i < steps; i++) await context.step(`step ${i}`, async () => result(i))
    calls.at(-1)!.replayed = performance.now()
    for (let i = 0; i < replays; i++) await context.wait({ seconds: 1 })
    return steps
  })
  const handler: Handler = (event, context) => {
    countCheckpoints(event, (bytes) => {
      checkpointBytes += bytes
    })
    const stateBytes = JSON.stringify(event.InitialExecutionState).length
    calls.push({ stateBytes, begun: performance.now(), replayed: Number.POSITIVE_INFINITY })
    return durable(event, context)
  }
  const execution = await new LocalRunner({ handlerFunction: handler }).run({ payload: null })
  if (execution.getStatus() !== 'SUCCEEDED') throw new Error(`the durable function ended ${execution.getStatus()}`)
  const replayed = calls.slice(1)
  return {
    checkpointBytes,
    stateBytes: replayed[0]?.stateBytes ?? 0,
    replayMs: Math.min(...replayed.map((call) => call.replayed - call.begun)),
  }
}

/** The runner passes its client in the event. Everything that would be sent to AWS goes through this client. */
function countCheckpoints({ durableExecutionClient: client }: DurableEvent, count: (bytes: number) => void): void {
  const send = client.checkpoint
  client.checkpoint = (request, ...rest) => {
    count(JSON.stringify(request).length)
    return send.call(client, request, ...rest)
  }
}
