/** A worker: a thread that runs only kernels. */
import { type MessagePort, parentPort } from 'node:worker_threads'
import type { LanderError } from '../../../errors.ts'
import { MAX_PARAMETERS, parsePrototype } from '../../../kernels/signature.ts'
import type { KernelValues } from '../../engine/machine.ts'
import { FORGET } from '../idle-workers.ts'
import { buffersOf, type Piece } from '../pieces.ts'
import { KernelFunction } from './function.ts'
import { KernelInstance } from './instance.ts'

/** A call. Its views are transferred to the worker, and back with the reply. */
export interface WorkerCall {
  readonly call: number
  /** The number of the kernel. A kernel that replaces another has a new number. */
  readonly kernel: number
  readonly title: string
  readonly module: WebAssembly.Module
  readonly name: string
  readonly prototype: string
  /** The scalar arguments by position, as text, which can represent every number and BigInt. */
  readonly scalars: readonly string[]
  readonly views: readonly Piece[]
}

export interface WorkerReply {
  readonly call: number
  readonly views: readonly Piece[]
  /** The memory of all kernels of this worker, in pages. */
  readonly pages: number
  /** The result as text. Absent for a function without a result. */
  readonly result?: string
  readonly fault?: Pick<LanderError, 'code' | 'message' | 'remedy'>
}

interface Linked {
  readonly kernel: number
  readonly instance: KernelInstance
  readonly functions: Map<string, KernelFunction>
}

/** Runs one call after the other. */
export function runWorker(port: MessagePort = parentPort!): void {
  const linked = new Map<string, Linked>()
  const values = createValues()

  port.on('message', (call: WorkerCall | typeof FORGET) => {
    if (call === FORGET) {
      linked.clear()
      return
    }
    const views = call.views
    const outcome = attempt(() => runCall(functionFor(linked, call), call, values))
    let pages = 0
    for (const { instance } of linked.values()) pages += instance.pages
    const reply: WorkerReply = { call: call.call, views, pages, ...outcome }
    port.postMessage(reply, buffersOf(views))
  })
}

/** The function in this worker's instance of its kernel. A new instance replaces an older one with the same title. */
function functionFor(
  linked: Map<string, Linked>,
  { kernel, title, module, name, prototype }: WorkerCall,
): KernelFunction {
  const known = linked.get(title)
  const mine =
    known?.kernel === kernel ? known : { kernel, instance: new KernelInstance({ module }), functions: new Map() }
  linked.set(title, mine)
  const key = `${name} ${prototype}`
  const found =
    mine.functions.get(key) ?? new KernelFunction(mine.instance, { name, signature: parsePrototype(prototype) })
  mine.functions.set(key, found)
  return found
}

function runCall(called: KernelFunction, { scalars, views }: WorkerCall, values: KernelValues): string | undefined {
  const { parameters, result } = called.signature
  for (const [index, parameter] of parameters.entries()) {
    if (parameter.kind !== 'scalar') continue
    if (isBig(parameter.type)) values.bigs[index] = BigInt(scalars[index]!)
    else values.numbers[index] = Number(scalars[index])
  }
  called.call(values, views)
  if (result === 'void') return undefined
  if (result === 'unsigned long long') return `${BigInt.asUintN(64, values.bigs[0]!)}`
  return isBig(result) ? `${values.bigs[0]}` : `${values.numbers[0]}`
}

function attempt(work: () => string | undefined): Pick<WorkerReply, 'result' | 'fault'> {
  try {
    const result = work()
    return result === undefined ? {} : { result }
  } catch (error) {
    const { code, message, remedy } = error as LanderError
    return { fault: { code, message, remedy } }
  }
}

function createValues(): KernelValues {
  const numbers = new Float64Array(MAX_PARAMETERS)
  return { numbers, bigs: new BigInt64Array(numbers.buffer) }
}

const isBig = (type: string): boolean => type.endsWith('long long')
