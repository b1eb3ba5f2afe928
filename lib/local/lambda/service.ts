import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { UsageError } from '../../errors.ts'
import type { AnswerSink } from './answer.ts'
import type { CallOutcome } from './call-outcome.ts'
import { functionElsewhere, functionNotFound, invalidParameter, ServiceFault } from './faults.ts'
import type { InstanceHost } from './function-instance.ts'
import type { GroupGuard } from './group-guard.ts'
import { type Credentials, checkEnvironment } from './instance-environment.ts'
import type { Invocation } from './invocation.ts'
import { functionArn, LATEST, type LambdaFunction, parseFunctionName } from './lambda-function.ts'
import { createLogTail } from './log-tail.ts'
import type { MemoryWatch } from './memory-watch.ts'
import { createPool, type Pool } from './pool.ts'
import { ASYNC_RETRIES, MEMORY_MB, TIMEOUT_SECONDS } from './quotas.ts'

/** The settings of a new function. */
export interface FunctionSettings {
  /** Letters, digits, `-` and `_`, up to 64. */
  readonly name: string
  /** The folder of the code. It is not copied: each new instance reads it. */
  readonly codeDir: string
  /** `file.export`, relative to `codeDir`. @default 'index.handler' */
  readonly handler?: string
  readonly environment?: Readonly<Record<string, string>>
  /** 1 to 900. @default 3 */
  readonly timeoutSeconds?: number
  /** 128 to 10,240. @default 128 */
  readonly memoryMb?: number
  /** The most parallel calls; further calls get 429. @default only the region's limit */
  readonly reservedConcurrency?: number
}

export interface LambdaServiceOptions extends LambdaTuning {
  readonly region: string
  /** The endpoint of S3 and Lambda for functions of this region. */
  readonly endpoint: string
  /** With TLS, the path of the authority that signed the endpoint's certificate. */
  readonly ca?: string | undefined
  /** The credentials of functions. */
  readonly credentials: Credentials
  /** The built runtime; see `buildLambdaRuntime`. */
  readonly bootstrap: string
  readonly guard: GroupGuard
  readonly memory: MemoryWatch
}

/** How a region manages function instances. */
export interface LambdaTuning {
  /** Whether to freeze processes between calls, as Lambda does. @default true on systems with SIGSTOP */
  readonly freeze?: boolean
  /** The most parallel calls in the region. AWS allows 1,000; here each is a process. @default 64 */
  readonly concurrency?: number
  /** How long an unused instance is kept. @default 5 minutes */
  readonly idleMs?: number
  /** For tests of failures: returns after how many milliseconds of a call its instance is killed. @default never */
  readonly dieAfterMs?: (fn: LambdaFunction) => number | undefined
  /** The waits before retries of a failed `Event` call (AWS: one minute, two minutes). @default [1000, 2000] */
  readonly retryDelaysMs?: readonly number[]
}

/** The Lambda of one region, without its wire format. */
export interface LambdaService {
  readonly region: string
  /** Creates a function. @throws UsageError `CONFIG_INVALID`, `FILE_NOT_FOUND` */
  create(settings: FunctionSettings): LambdaFunction
  /** Removes a function and ends its instances. @returns whether it existed */
  remove(name: string): Promise<boolean>
  list(): readonly LambdaFunction[]
  /** Finds a function. @throws ServiceFault ResourceNotFoundException, InvalidParameterValueException */
  find(reference: string, qualifier?: string): LambdaFunction
  /** Calls a function and waits for it. @throws ServiceFault TooManyRequestsException. */
  invoke(fn: LambdaFunction, invocation: Invocation, sink: AnswerSink): Promise<CallOutcome>
  /** Queues an asynchronous call, which is retried if it fails. */
  enqueue(fn: LambdaFunction, invocation: Invocation): void
  /** The end of a function's log, over all its instances. */
  logs(name: string): string
  close(): Promise<void>
}

/** How many bytes of each function's log are kept. */
const FUNCTION_LOG_BYTES = 256 * 1024

interface Deployed {
  readonly fn: LambdaFunction
  readonly pool: Pool
  readonly host: InstanceHost
}

/**
 * Creates the Lambda service of one region. Each function instance is a process group with its own Runtime API, as in AWS.
 * Not implemented are the bandwidth and size limits of streamed answers, CPU in proportion to memory, a /tmp for each
 * instance, layers, versions, aliases, extensions, and other runtimes than the running Node.js.
 */
export function createLambdaService(options: LambdaServiceOptions): LambdaService {
  const { region, freeze = process.platform !== 'win32', concurrency = 64, idleMs = 300_000 } = options
  const { retryDelaysMs = [1000, 2000] } = options
  const deployed = new Map<string, Deployed>()
  const gate = { limit: concurrency, inFlight: 0 }
  const closing = new AbortController()

  function deploy(fn: LambdaFunction): void {
    const host: InstanceHost = { ...options, freeze, log: createLogTail(FUNCTION_LOG_BYTES) }
    deployed.set(fn.name, { fn, host, pool: createPool({ fn, host, region: gate, idleMs }) })
  }
  function poolOf(fn: LambdaFunction): Pool {
    const found = deployed.get(fn.name)
    if (found === undefined) throw functionNotFound(fn.arn)
    return found.pool
  }
  async function invokeLater(fn: LambdaFunction, invocation: Invocation): Promise<void> {
    for (let failures = 0; failures <= ASYNC_RETRIES; ) {
      const verdict = await attempt(poolOf(fn), invocation)
      if (verdict === 'done') return
      if (verdict === 'failed') failures++
      const delay = retryDelaysMs[failures - 1] ?? retryDelaysMs.at(-1) ?? 0
      if (failures <= ASYNC_RETRIES) await sleep(delay, undefined, { signal: closing.signal, ref: false })
    }
  }
  return {
    region,
    create(settings) {
      const fn = describeFunction(settings, region)
      requireThat(!deployed.has(fn.name), `the function "${fn.name}" exists in ${region} already`, 'remove it first')
      deploy(fn)
      return fn
    },
    async remove(name) {
      const found = deployed.get(name)
      deployed.delete(name)
      await found?.pool.close()
      return found !== undefined
    },
    list: () => [...deployed.values()].map(({ fn }) => fn),
    find(reference, qualifier) {
      const named = parseFunctionName(reference)
      if (named === undefined) throw invalidParameter(`"${reference}" is neither a function name nor an ARN`)
      if (named.region !== undefined && named.region !== region) throw functionElsewhere(named.region, region)
      const version = qualifier ?? named.qualifier ?? LATEST
      const fn = deployed.get(named.name)?.fn
      if (fn !== undefined && version === LATEST) return fn
      const arn = functionArn(region, named.name)
      throw functionNotFound(version === LATEST ? arn : `${arn}:${version}`)
    },
    invoke: (fn, invocation, sink) => poolOf(fn).run(invocation, sink),
    enqueue: (fn, invocation) => void invokeLater(fn, invocation).catch(() => {}),
    logs: (name) => deployed.get(name)?.host.log.read() ?? '',
    async close() {
      closing.abort()
      await Promise.all([...deployed.values()].map(({ pool }) => pool.close()))
    },
  }
}

/** Runs one attempt of a queued call. A throttled attempt does not count, because Lambda keeps its event in the queue. */
async function attempt(pool: Pool, invocation: Invocation): Promise<'done' | 'failed' | 'throttled'> {
  try {
    const { failure } = await pool.run(invocation, { write: async () => {} })
    return failure === undefined ? 'done' : 'failed'
  } catch (error) {
    if (error instanceof ServiceFault && error.status === 429) return 'throttled'
    throw error
  }
}

function describeFunction(settings: FunctionSettings, region: string): LambdaFunction {
  const { name, handler = 'index.handler', environment = {}, reservedConcurrency } = settings
  const { timeoutSeconds = TIMEOUT_SECONDS.default, memoryMb = MEMORY_MB.default } = settings
  const codeDir = resolve(settings.codeDir)
  requireThat(/^[a-zA-Z0-9-_]{1,64}$/.test(name), `"${name}" is not a function name`, 'use letters, digits, - and _')
  requireWithin('timeoutSeconds', timeoutSeconds, TIMEOUT_SECONDS)
  requireWithin('memoryMb', memoryMb, MEMORY_MB)
  checkEnvironment(environment)
  if (statSync(codeDir, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw new UsageError('FILE_NOT_FOUND', `there is no folder ${codeDir}`, { remedy: 'build the function first' })
  return {
    ...{ name, region, codeDir, handler, environment, timeoutSeconds, memoryMb, reservedConcurrency },
    arn: functionArn(region, name),
    createdAt: new Date(),
  }
}

function requireWithin(option: string, value: number, { least, most }: { least: number; most: number }): void {
  const fits = Number.isInteger(value) && value >= least && value <= most
  requireThat(fits, `${option} is ${value}`, `give a whole number from ${least} to ${most}`)
}

function requireThat(condition: boolean, fact: string, remedy: string): void {
  if (!condition) throw new UsageError('CONFIG_INVALID', fact, { remedy })
}
