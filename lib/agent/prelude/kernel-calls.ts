/**
 * Calls of kernels. Each function has a number. Arguments and result pass through one array, whose address in this heap
 * the host knows, and views are passed as they are. A call therefore costs little more than a call within the agent.
 */
import { KernelError } from '../../errors.ts'
import { Chunk } from '../chunk.ts'
import { type CallReply, call } from './calls.ts'
import { create, isView, parse, stringify } from './captured.ts'
import { kernelHost } from './host.ts'

/** A kernel's function of any prototype. */
export type AnyKernelFunction = (...values: unknown[]) => unknown

/** How the host describes a function: the types of its prototype, with views as `const T*` or `T*`. */
interface Described {
  readonly name: string
  readonly result: string
  readonly parameters: readonly string[]
  /** What each parameter accepts if it is a view. */
  readonly views: readonly (Accepted | undefined)[]
}

interface Accepted {
  readonly constant: boolean
  readonly arrays: readonly (new () => unknown)[]
}

/** One entry for each parameter that a function may have. */
export const numbers = new Float64Array(16)
const bigs = new BigInt64Array(numbers.buffer)

/** Both by number. A kernel that is defined again gets a new description and keeps its functions. */
const described: Described[] = []
const functions: AnyKernelFunction[] = []

/** The functions of a description, by name. */
export function functionsOf({ text }: CallReply): Record<string, AnyKernelFunction> {
  const named: Record<string, AnyKernelFunction> = create(null)
  for (const [slot, name, result, parameters] of parse(text!) as [number, string, string, string[]][]) {
    described[slot] = { name, result, parameters, views: parameters.map(acceptedAs) }
    functions[slot] ??= functionAt(slot)
    named[name] = functions[slot]
  }
  return named
}

/** The engine interprets this code, so it avoids every array and call that it does not need. */
function functionAt(slot: number): AnyKernelFunction {
  return (...values) => {
    const { name, result, parameters } = described[slot]!
    const count = parameters.length
    if (values.length !== count) throw wrongCount(name, count, values.length)
    let views: unknown[] | undefined
    for (let index = 0; index < count; index++) {
      const type = parameters[index]
      const value = values[index] as number
      if (type === 'int' ? value === (value | 0) : type === 'double' && typeof value === 'number')
        numbers[index] = value
      else views = put(described[slot]!, index, value, views)
    }
    if (views === undefined ? !kernelHost!(slot) : !kernelHost!(slot, ...views)) call('kernel-fault')
    return result === 'int' || result === 'double' ? numbers[0] : resultOf(result)
  }
}

/** Writes a scalar into the shared array, or adds a view to those that are passed directly. */
function put(described: Described, index: number, value: unknown, views?: unknown[]): unknown[] | undefined {
  if (described.views[index] === undefined) {
    putScalar(described, index, value)
    return views
  }
  const view = requireView(described, index, value)
  return views === undefined ? [view] : [...views, view]
}

function putScalar({ name, parameters }: Described, index: number, value: unknown): void {
  const type = parameters[index]!
  if (isBig(type, value)) bigs[index] = value
  else if (isNumber(type, value)) numbers[index] = value
  else throw mismatch(`argument ${index + 1} of ${name} is ${type}, which ${spell(value)} is not`)
}

function isNumber(type: string, value: unknown): value is number {
  if (type === 'float' || type === 'double') return typeof value === 'number'
  if (type === 'int') return value === ((value as number) | 0)
  return (type === 'unsigned' || type === 'size_t') && value === (value as number) >>> 0
}

function isBig(type: string, value: unknown): value is bigint {
  if (typeof value !== 'bigint') return false
  if (type === 'long long') return BigInt.asIntN(64, value) === value
  return type === 'unsigned long long' && BigInt.asUintN(64, value) === value
}

function resultOf(type: string): unknown {
  if (type === 'void') return undefined
  if (type === 'long long') return bigs[0]
  return type === 'unsigned long long' ? BigInt.asUintN(64, bigs[0]!) : numbers[0]
}

/** The typed arrays that can hold elements of a C type. Text and chunks count as bytes that can't be written to. */
const ARRAYS: Record<string, readonly (new () => unknown)[]> = Object.assign(create(null), {
  char: [Uint8Array, Int8Array],
  int8_t: [Int8Array],
  uint8_t: [Uint8Array, Uint8ClampedArray],
  int16_t: [Int16Array],
  uint16_t: [Uint16Array],
  int32_t: [Int32Array],
  uint32_t: [Uint32Array],
  int64_t: [BigInt64Array],
  uint64_t: [BigUint64Array],
  float: [Float32Array],
  double: [Float64Array],
})

function acceptedAs(type: string): Accepted | undefined {
  if (type[type.length - 1] !== '*') return undefined
  const constant = type.startsWith('const ')
  return { constant, arrays: ARRAYS[type.slice(constant ? 6 : 0, -1)]! }
}

/** What is passed to the host: the array itself, the text, or the number of the chunk. */
function requireView({ name, parameters, views }: Described, index: number, value: unknown): unknown {
  const accepted = views[index]!
  const { constant, arrays } = accepted
  for (let array = 0; array < arrays.length; array++) if (value instanceof arrays[array]!) return value
  if (constant && value instanceof Chunk) return value.number
  if (constant && typeof value === 'string' && arrays[0] === Uint8Array) return value
  throw mismatch(`${parameters[index]} of ${name} is ${spellAccepted(accepted)}, not ${spell(value)}`)
}

function spellAccepted({ constant, arrays }: Accepted): string {
  return `${arrays.map(({ name }) => name).join(', ')}${constant ? ', or a chunk' : ''}`
}

function spell(value: unknown): string {
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value === 'number') return `${value}`
  return value === null ? 'null' : `a value of type ${typeof value}`
}

function wrongCount(name: string, wanted: number, given: number): KernelError {
  return mismatch(`${name} takes ${wanted} arguments, not ${given}`)
}

function mismatch(fact: string): KernelError {
  return new KernelError('KERNEL_PROTOTYPE', fact)
}

/** Calls a kernel in another thread. Typed arrays contain what it wrote once the promise resolves. */
export async function callInWorker(worker: number, kernel: unknown, values: readonly unknown[]): Promise<unknown> {
  const slot = functions.indexOf(kernel as AnyKernelFunction)
  if (slot < 0) throw new TypeError('the first argument of worker.call() is a function of a kernel')
  const { name, result, parameters, views: accepted } = described[slot]!
  if (values.length !== parameters.length) throw wrongCount(name, parameters.length, values.length)
  const [scalars, views, arrays]: [string[], object[], Uint8Array[]] = [[], [], []]
  for (let index = 0; index < parameters.length; index++) {
    if (accepted[index] === undefined) putScalar(described[slot]!, index, values[index])
    else {
      const view = requireView(described[slot]!, index, values[index])
      const bytes = isView(view) ? new Uint8Array(view.buffer, view.byteOffset, view.byteLength) : undefined
      if (bytes !== undefined) arrays.push(bytes)
      views.push(typeof view === 'number' ? { chunk: view } : bytes ? { bytes: bytes.length } : { text: view })
    }
    scalars.push(accepted[index] === undefined ? `${values[index]}` : '')
  }
  const reply = await call('worker-call', stringify({ worker, slot, scalars, views }), joined(arrays))
  copyBack(reply.bytes, arrays)
  if (result === 'void') return undefined
  return result === 'long long' || result === 'unsigned long long' ? BigInt(reply.text!) : Number(reply.text)
}

function joined(arrays: readonly Uint8Array[]): Uint8Array | undefined {
  if (arrays.length === 0) return undefined
  const all = new Uint8Array(arrays.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const array of arrays) {
    all.set(array, at)
    at += array.length
  }
  return all
}

function copyBack(bytes: ArrayBuffer | undefined, arrays: readonly Uint8Array[]): void {
  let at = 0
  for (const array of bytes === undefined ? [] : arrays) {
    array.set(new Uint8Array(bytes!, at, array.length))
    at += array.length
  }
}
