import type { AnswerSink } from './answer.ts'
import type { CallOutcome } from './call-outcome.ts'
import { functionNotFound, throttled } from './faults.ts'
import { type Instance, type InstanceHost, startInstance } from './function-instance.ts'
import type { Invocation } from './invocation.ts'
import type { LambdaFunction } from './lambda-function.ts'

/** Counts the running calls of a function or of a region, up to a limit. */
export interface ConcurrencyGate {
  readonly limit: number
  inFlight: number
}

export interface PoolOptions {
  readonly fn: LambdaFunction
  readonly host: InstanceHost
  /** The gate of the region, which all its functions share. */
  readonly region: ConcurrencyGate
  /** How long an unused instance is kept. */
  readonly idleMs: number
}

/** The instances of one function. */
export interface Pool {
  /** Runs a call. @throws ServiceFault TooManyRequestsException above a limit; ResourceNotFoundException after `close` */
  run(invocation: Invocation, sink: AnswerSink): Promise<CallOutcome>
  /** Ends all instances, including those that run calls. */
  close(): Promise<void>
}

/**
 * Creates a pool. It reuses the instance that was used last, so that others become idle and are ended. It waits for an
 * instance that has answered but not yet asked for its next event, because that is shorter than a cold start.
 */
export function createPool({ fn, host, region, idleMs }: PoolOptions): Pool {
  const own: ConcurrencyGate = { limit: fn.reservedConcurrency ?? Number.POSITIVE_INFINITY, inFlight: 0 }
  const free: Instance[] = []
  const all = new Set<Instance>()
  const starting = new Set<Promise<Instance>>()
  const reapers = new Map<Instance, NodeJS.Timeout>()
  let closed = false

  async function acquire(): Promise<Instance> {
    for (let instance = free.pop(); instance !== undefined; instance = free.pop()) {
      clearTimeout(reapers.get(instance))
      if (await instance.ready()) return instance
    }
    return start()
  }
  function start(): Promise<Instance> {
    if (closed) throw functionNotFound(fn.arn)
    const instance = startInstance(fn, host).then(adopt)
    starting.add(instance)
    return instance.finally(() => starting.delete(instance))
  }
  function adopt(instance: Instance): Instance {
    all.add(instance)
    instance.ended.then(() => forget(instance))
    return instance
  }
  function release(instance: Instance): void {
    if (!all.has(instance)) return
    free.push(instance)
    reapers.set(instance, setTimeout(() => reap(instance), idleMs).unref())
  }
  function reap(instance: Instance): void {
    forget(instance)
    void instance.stop()
  }
  function forget(instance: Instance): void {
    all.delete(instance)
    clearTimeout(reapers.get(instance))
    reapers.delete(instance)
    if (free.includes(instance)) free.splice(free.indexOf(instance), 1)
  }
  return {
    async run(invocation, sink) {
      if (own.inFlight >= own.limit) throw throttled('ReservedFunctionConcurrentInvocationLimitExceeded')
      if (region.inFlight >= region.limit) throw throttled('ConcurrentInvocationLimitExceeded')
      own.inFlight++
      region.inFlight++
      try {
        const instance = await acquire()
        const outcome = await instance.run(invocation, sink)
        release(instance)
        return outcome
      } finally {
        own.inFlight--
        region.inFlight--
      }
    },
    async close() {
      closed = true
      await Promise.allSettled(starting)
      await Promise.all([...all].map((instance) => instance.stop()))
    },
  }
}
