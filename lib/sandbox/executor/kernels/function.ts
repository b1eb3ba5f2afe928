/** A kernel's function: scalar arguments and the result are in an array, views are passed beside it. */
import { KernelError } from '../../../errors.ts'
import {
  ELEMENT_BYTES,
  functionTypeOf,
  type Parameter,
  type Signature,
  spellSignature,
} from '../../../kernels/signature.ts'
import type { FunctionType } from '../../../kernels/structure.ts'
import type { KernelValues } from '../../engine/machine.ts'
import { copyPiece, type Piece } from '../pieces.ts'
import { type Exported, type KernelInstance, trapOf } from './instance.ts'
import type { KernelModule } from './module.ts'

export interface NamedFunction {
  readonly name: string
  readonly signature: Signature
}

/**
 * Checks that the module's function has the type of its prototype.
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
  const fact = `the prototype ${spellSignature(signature)} of ${name} means ${spellType(wanted)}, but the kernel's function is ${spellType(type)}`
  throw new KernelError('KERNEL_PROTOTYPE', fact, { remedy: 'write the prototype as the source defines the function' })
}

const INTERNAL = new Set(['_initialize', 'lander_reserve'])

const spellType = ({ params, results }: FunctionType): string => `(${params.join(', ')}) → (${results.join(', ')})`

type Result = number | bigint | undefined
/** Reads one argument from the guest's array. */
type Take = (values: KernelValues) => number | bigint

/**
 * A function of an instance. Its prototype is evaluated only once, since an agent may call it a million times.
 */
export class KernelFunction {
  readonly name: string
  readonly signature: Signature
  readonly instance: KernelInstance
  /** For each view parameter, whether the kernel may write to it. */
  readonly viewWrites: readonly boolean[]
  readonly #takes: readonly Take[]
  readonly #callScalars: (exported: Exported, values: KernelValues) => Result
  readonly #unsigned: boolean
  #exported: Exported
  #life: number

  constructor(instance: KernelInstance, { name, signature }: NamedFunction) {
    const { parameters, result } = signature
    this.name = name
    this.signature = signature
    this.instance = instance
    this.viewWrites = viewWrites(signature)
    this.#takes = parameters.map(takeAt)
    this.#callScalars = scalarCall(this.#takes)
    this.#unsigned = result === 'unsigned' || result === 'size_t'
    this.#exported = instance.exported(name)
    this.#life = instance.life
  }

  /**
   * Calls the function. Views are copied into the kernel's memory, and copied back if the kernel may write to them:
   * such a view must be in memory, any other may be in the shared file. The result replaces the first argument.
   *
   * @throws KernelError `KERNEL_TRAPPED`, after which the instance is reset, or `KERNEL_MEMORY`
   */
  call(values: KernelValues, views: readonly Piece[]): void {
    if (this.#life !== this.instance.life) this.#renew()
    try {
      const result = views.length === 0 ? this.#callScalars(this.#exported, values) : this.#callWith(values, views)
      if (typeof result === 'number') values.numbers[0] = this.#unsigned ? result >>> 0 : result
      else if (result !== undefined) values.bigs[0] = result
    } catch (error) {
      const trap = trapOf(error, this.name)
      if (trap.code === 'KERNEL_TRAPPED') this.instance.reset()
      throw trap
    }
  }

  #callWith(values: KernelValues, views: readonly Piece[]): Result {
    const { instance } = this
    const starts = instance.reserve(views)
    const memory = instance.bytes
    for (const [index, view] of views.entries()) {
      const start = starts[index]!
      copyPiece(view, memory.subarray(start, start + view.length))
    }
    const result = this.#exported(...this.#arguments(values, views, starts))
    this.#copyBack(views, starts)
    return result
  }

  #arguments(values: KernelValues, views: readonly Piece[], starts: readonly number[]): (number | bigint)[] {
    const given: (number | bigint)[] = []
    let view = 0
    for (const [index, parameter] of this.signature.parameters.entries())
      if (parameter.kind === 'scalar') given.push(this.#takes[index]!(values))
      else {
        given.push(starts[view]!, Math.floor(views[view]!.length / ELEMENT_BYTES[parameter.element]))
        view++
      }
    return given
  }

  /** Copies back the views that the kernel may write to. They are in memory, not in the shared file. */
  #copyBack(views: readonly Piece[], starts: readonly number[]): void {
    for (const [index, writes] of this.viewWrites.entries()) {
      const [view, start] = [views[index]!, starts[index]!]
      if (writes) (view as Uint8Array).set(this.instance.bytes.subarray(start, start + view.length))
    }
  }

  #renew(): void {
    this.#exported = this.instance.exported(this.name)
    this.#life = this.instance.life
  }
}

/** For each view parameter, whether the kernel may write to it. */
function viewWrites({ parameters }: Signature): boolean[] {
  return parameters.flatMap((parameter) => (parameter.kind === 'view' ? [parameter.writes] : []))
}

function takeAt(parameter: Parameter, index: number): Take {
  const big = parameter.kind === 'scalar' && (parameter.type === 'long long' || parameter.type === 'unsigned long long')
  return big ? ({ bigs }) => bigs[index]! : ({ numbers }) => numbers[index]!
}

/** Most calls have one or two numbers. Without an array between they cost half as much. */
function scalarCall(takes: readonly Take[]): (exported: Exported, values: KernelValues) => Result {
  const [first, second] = takes
  switch (takes.length) {
    case 0:
      return (exported) => exported()
    case 1:
      return (exported, values) => exported(first!(values))
    case 2:
      return (exported, values) => exported(first!(values), second!(values))
    default:
      return (exported, values) => exported(...takes.map((take) => take(values)))
  }
}
