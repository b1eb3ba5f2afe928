/**
 * The other way to outlive a function: AWS's durable execution, which checkpoints the result of every step, and goes on
 * by calling the handler again from its start and handing it what its steps returned. Its own local runner runs it.
 */
import type { DurableContext } from '@aws/durable-execution-sdk-js'
import type { BenchResult } from '../support/program.ts'

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
    const [{ withDurableExecution }, { LocalDurableTestRunner }] = await Promise.all([
      import('@aws/durable-execution-sdk-js'),
      import('@aws/durable-execution-sdk-js-testing'),
    ])
    await LocalDurableTestRunner.setupTestEnvironment({ skipTime: false })
    return {
      run: (options) => runDurable(options, withDurableExecution, LocalDurableTestRunner),
      close: () => LocalDurableTestRunner.teardownTestEnvironment(),
    }
  } catch (error) {
    return [`@aws/durable-execution-sdk-js-testing: ${(error as Error).message.split('\n')[0]}`]
  }
}

type Wrap = typeof import('@aws/durable-execution-sdk-js').withDurableExecution
type Runner = typeof import('@aws/durable-execution-sdk-js-testing').LocalDurableTestRunner
type Handler = ReturnType<Wrap>

async function runDurable(
  { steps, result, replays = 0 }: DurableOptions,
  wrap: Wrap,
  LocalRunner: Runner,
): Promise<DurableRun> {
  const calls: { readonly stateBytes: number; readonly begun: number; replayed: number }[] = []
  let checkpointBytes = 0
  const durable = wrap(async (_: unknown, context: DurableContext) => {
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
function countCheckpoints(event: Parameters<Handler>[0], count: (bytes: number) => void): void {
  const { durableExecutionClient: client } = event as unknown as {
    durableExecutionClient: { checkpoint(request: unknown, ...rest: unknown[]): Promise<unknown> }
  }
  const send = client.checkpoint
  client.checkpoint = (request, ...rest) => {
    count(JSON.stringify(request).length)
    return send.call(client, request, ...rest)
  }
}
