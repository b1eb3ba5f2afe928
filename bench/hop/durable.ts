/**
 * The other way to outlive a function: AWS's durable execution, which checkpoints the result of every step, and goes on
 * by calling the handler again from its start and handing it what its steps returned. Its own local runner runs it.
 */
import { execFile } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { BenchResult } from '../support/program.ts'

const SDK = '@aws/durable-execution-sdk-js'
const RUNNER = '@aws/durable-execution-sdk-js-testing'
/** The versions that are measured. */
const VERSIONS = { [SDK]: '2.4.0', [RUNNER]: '1.1.4' }
const FOLDER = join(
  import.meta.dirname,
  `../../node_modules/.cache/lander-bench/durable-${Object.values(VERSIONS).join('-')}`,
)

/** What a durable function sent and took. */
export interface DurableRun {
  /** Bytes of all checkpoints, as JSON. */
  readonly checkpointBytes: number
  /** Bytes of the state that a replay is handed, as JSON. */
  readonly stateBytes: number
  /** From the handler's call to the end of its last step, in replays; the quickest. */
  readonly replayMs: number
}

export interface DurableOptions {
  readonly steps: number
  /** What a step returns. */
  result(step: number): unknown
  /** How often it is suspended and replayed; each takes a second. @default 0 */
  readonly replays?: number
}

export interface DurablePeer {
  run(options: DurableOptions): Promise<DurableRun>
  close(): Promise<void>
}

/** The peer, or why it is missing. */
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

/** The part of the packages' types that is used. The packages are not installed when this file is type-checked. */
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

/** The runner hands its client in with the event; what goes through it is what would go to AWS. */
function countCheckpoints({ durableExecutionClient: client }: DurableEvent, count: (bytes: number) => void): void {
  const send = client.checkpoint
  client.checkpoint = (request, ...rest) => {
    count(JSON.stringify(request).length)
    return send.call(client, request, ...rest)
  }
}
