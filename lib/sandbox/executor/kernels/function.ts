/** A kernel's function as a place calls it: arguments and result lie in an array, views beside it. */
import { KernelError } from '../../../errors.ts'
import {
  ELEMENT_BYTES,
  functionTypeOf,
  type Parameter,
  type Signature,
  spellSignature,
} from '../../../kernels/signature.ts'
import type { FunctionType } from '../../../kernels/structure.ts'
import { type KernelInstance, trapOf } from './instance.ts'
import type { KernelModule } from './module.ts'

/** The arguments of a call by position; its result takes the place of the first. */
export interface Values {
  readonly numbers: Float64Array
  /** The same bytes: values of 64 bits. */
  readonly bigs: BigInt64Array
}

/** Bytes that a kernel reads, and writes to where its prototype says so. */
export type View = Uint8Array

export interface NamedFunction {
  readonly name: string
  readonly signature: Signature
}

/**
 * Makes sure that the module's function is of the type that the prototype says.
 *
 * @throws KernelError `KERNEL_PROTOTYPE`
 */
export function requireFunction({ structure }: KernelModule, { name, signature }: NamedFunction): void {
  const type = structure.functions.get(name)
  const wanted = functionTypeOf(signature)
  if (type === undefined) {
    const names = [...structure.functions.keys()].filter((known) => !INTERNAL.has(known))
    const there = names.length === 0 ? 'exports no function' : `exports ${names.slice(0, 20).join(', ')}`
    throw new KernelError('KERNEL_PROTOTYPE', `the kernel has no function ${JSON.stringify(name)}; it ${there}`, {
      remedy: 'name the function as the source does, and do not declare it static',
    })
  }
  if (spellType(type) === spellType(wanted)) return
  const fact = `the prototype ${spellSignature(signature)} of ${name} means ${spellType(wanted)}, the kernel's is ${spellType(type)}`
  throw new KernelError('KERNEL_PROTOTYPE', fact, { remedy: 'write the prototype as the source defines the function' })
}

const INTERNAL = new Set(['_initialize', 'lander_reserve'])

const spellType = ({ params, results }: FunctionType): string => `(${params.join(', ')}) → (${results.join(', ')})`

/**
 * Calls a function of a kernel: views are copied into its memory, and back if it may write to them.
 *
 * @throws KernelError `KERNEL_TRAPPED`, after which the instance has started anew, or `KERNEL_MEMORY`
 */
export function callKernel(
  instance: KernelInstance,
  { name, signature }: NamedFunction,
  values: Values,
  views: readonly View[],
): void {
  const { parameters } = signature
  try {
    if (views.length === 0) {
      keepResult(signature, values, callScalars(instance, name, parameters, values))
      return
    }
    const starts = instance.reserve(views.map((view) => view.byteLength))
    const memory = new Uint8Array(instance.buffer)
    for (let index = 0; index < views.length; index++) memory.set(views[index]!, starts[index])
    keepResult(signature, values, instance.exported(name)(...argumentsWith(parameters, values, views, starts)))
    copyBack(instance, parameters, views, starts)
  } catch (error) {
    const trap = trapOf(error, name)
    if (trap.code === 'KERNEL_TRAPPED') instance.reset()
    throw trap
  }
}

/** Most calls have one or two numbers: without an array in between they cost half as much. */
function callScalars(
  instance: KernelInstance,
  name: string,
  parameters: readonly Parameter[],
  values: Values,
): number | bigint | undefined {
  const exported = instance.exported(name)
  switch (parameters.length) {
    case 0:
      return exported()
    case 1:
      return exported(valueAt(parameters, values, 0))
    case 2:
      return exported(valueAt(parameters, values, 0), valueAt(parameters, values, 1))
    default:
      return exported(...parameters.map((_, index) => valueAt(parameters, values, index)))
  }
}

function valueAt(parameters: readonly Parameter[], { numbers, bigs }: Values, index: number): number | bigint {
  const parameter = parameters[index]!
  return parameter.kind === 'scalar' && isBig(parameter.type) ? bigs[index]! : numbers[index]!
}

function argumentsWith(
  parameters: readonly Parameter[],
  values: Values,
  views: readonly View[],
  starts: readonly number[],
): (number | bigint)[] {
  let view = 0
  return parameters.flatMap((parameter, index) => {
    if (parameter.kind === 'scalar') return [valueAt(parameters, values, index)]
    const { byteLength } = views[view]!
    return [starts[view++]!, Math.floor(byteLength / ELEMENT_BYTES[parameter.element])]
  })
}

function keepResult({ result }: Signature, { numbers, bigs }: Values, value: number | bigint | undefined): void {
  if (typeof value === 'bigint') bigs[0] = value
  else if (value !== undefined) numbers[0] = result === 'unsigned' || result === 'size_t' ? value >>> 0 : value
}

function copyBack(
  instance: KernelInstance,
  parameters: readonly Parameter[],
  views: readonly View[],
  starts: readonly number[],
): void {
  let view = 0
  for (const parameter of parameters) {
    if (parameter.kind !== 'view') continue
    const bytes = views[view]!
    if (parameter.writes) bytes.set(new Uint8Array(instance.buffer, starts[view]!, bytes.byteLength))
    view++
  }
}

function isBig(type: string): boolean {
  return type === 'long long' || type === 'unsigned long long'
}
