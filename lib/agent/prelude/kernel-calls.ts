/**
 * Calls of kernels. A function has a number; arguments and result pass through one array, whose place in this heap the
 * host knows, and views are handed over as they are. So a call costs little more than one of a function of the agent's.
 */
import { Chunk } from '../chunk.ts'
import { call, KernelError, type Reply } from './calls.ts'
import { create, parse } from './captured.ts'
import { kernelHost } from './host.ts'

/** Any kernel's function, before its prototype says more. */
export type AnyKernelFunction = (...values: unknown[]) => unknown

/** What the host says of a function: the words of its prototype, views as `const T*` or `T*`. */
interface Described {
  readonly name: string
  readonly result: string
  readonly parameters: readonly string[]
}

/** As many as a function may have parameters. */
export const numbers = new Float64Array(16)
const bigs = new BigInt64Array(numbers.buffer)

/** Both by number. A kernel that is defined again has another description, and the same functions. */
const described: Described[] = []
const functions: AnyKernelFunction[] = []

/** The functions that the host describes, by name. */
export function functionsOf({ text }: Reply): Record<string, AnyKernelFunction> {
  const named: Record<string, AnyKernelFunction> = create(null)
  for (const [slot, name, result, parameters] of parse(text!) as [number, string, string, string[]][]) {
    described[slot] = { name, result, parameters }
    functions[slot] ??= (...values) => invoke(slot, values)
    named[name] = functions[slot]
  }
  return named
}

function invoke(slot: number, values: readonly unknown[]): unknown {
  const views = put(described[slot]!, values)
  const ok = views.length === 0 ? kernelHost!(slot) : kernelHost!(slot, ...views)
  if (!ok) call('kernel-fault')
  return take(described[slot]!.result)
}

/** Puts the arguments where the host finds them. Views are not among them: it takes those by hand. */
function put({ name, parameters }: Described, values: readonly unknown[]): unknown[] {
  if (values.length !== parameters.length)
    throw mismatch(`${name} takes ${parameters.length} arguments, not ${values.length}`)
  const views: unknown[] = []
  for (let index = 0; index < parameters.length; index++) {
    const [type, value] = [parameters[index]!, values[index]]
    if (type === 'int' ? value === ((value as number) | 0) : type === 'double' && typeof value === 'number')
      numbers[index] = value as number
    else if (type[type.length - 1] === '*') views.push(requireView(name, type, value))
    else if (isBig(type, value)) bigs[index] = value as bigint
    else if (isNumber(type, value)) numbers[index] = value as number
    else throw mismatch(`argument ${index + 1} of ${name} is ${type}, which ${spell(value)} is not`)
  }
  return views
}

function isNumber(type: string, value: unknown): boolean {
  if (type === 'float') return typeof value === 'number'
  return (type === 'unsigned' || type === 'size_t') && value === (value as number) >>> 0
}

function isBig(type: string, value: unknown): boolean {
  if (typeof value !== 'bigint') return false
  if (type === 'long long') return BigInt.asIntN(64, value) === value
  return type === 'unsigned long long' && BigInt.asUintN(64, value) === value
}

function take(type: string): unknown {
  if (type === 'void') return undefined
  if (type === 'long long') return bigs[0]
  return type === 'unsigned long long' ? BigInt.asUintN(64, bigs[0]!) : numbers[0]
}

/** The arrays that hold elements of a type. Text and chunks are bytes, and can't be written to. */
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

function requireView(name: string, type: string, value: unknown): unknown {
  const constant = type.startsWith('const ')
  const arrays = ARRAYS[type.slice(constant ? 6 : 0, -1)]!
  if (constant && value instanceof Chunk) return value.number
  if (constant && typeof value === 'string' && arrays[0] === Uint8Array) return value
  if (arrays.some((array) => value instanceof array)) return value
  const others = constant ? ', or a chunk' : ''
  throw mismatch(
    `${type} of ${name} is ${arrays.map((array) => array.name).join(' or ')}${others}; not ${spell(value)}`,
  )
}

function spell(value: unknown): string {
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value === 'number') return `${value}`
  return value === null ? 'null' : `a value of type ${typeof value}`
}

function mismatch(fact: string): KernelError {
  return new KernelError('KERNEL_PROTOTYPE', fact)
}
