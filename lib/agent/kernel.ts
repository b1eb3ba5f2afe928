import type { KernelFunction, KernelFunctions } from './kernel-types.ts'
import { type CallReply, call } from './prelude/calls.ts'
import { stringify } from './prelude/captured.ts'
import { functionsOf } from './prelude/kernel-calls.ts'

/** A kernel of the bundle, by the name of its entry: what packing makes of a literal, or of an imported `.wasm`. */
export interface BundledKernel {
  readonly kernel: string
}

type Prototypes = Readonly<Record<string, string>>

/**
 * Defines a function in C (C11, freestanding). Its prototype is written like `int(int)`. Written with three literals it
 * is compiled and signed when the agent is packed; source that is made at run time is compiled where the agent is, if
 * the bundle was signed with `compiles: true`.
 *
 * Defined again, the new function serves from then on, also for those who hold the old one. What its static variables
 * hold does not travel: where the agent lands, the kernel starts anew.
 *
 * @throws KernelError `KERNEL_COMPILE_FAILED` with the compiler's words, `KERNEL_PROTOTYPE`, `KERNEL_NOT_ALLOWED` …
 *
 * @example
 * const fib = await defc('fib', 'int(int)', `int fib(int x) { return x < 2 ? x : fib(x - 1) + fib(x - 2); }`)
 * const answer = fib(30)
 */
export async function defc<const Prototype extends string>(
  name: string,
  prototype: Prototype,
  source: string | BundledKernel,
): Promise<KernelFunction<Prototype>> {
  const from = typeof source === 'string' ? { from: 'source', text: source } : bundled(source.kernel)
  const functions = await link(`defc ${name}`, from, { [name]: prototype })
  return functions[name] as KernelFunction<Prototype>
}

/**
 * Links a WebAssembly binary and gives its functions, by the names and prototypes you say. One that is packed,
 * `import table from './table.wasm'`, runs anywhere; one that the agent has from elsewhere needs `compiles: true`.
 *
 * @throws KernelError `KERNEL_MALFORMED`, `KERNEL_PROTOTYPE`, `KERNEL_NOT_ALLOWED` …
 *
 * @example
 * const { count } = await kernel(binary, { count: 'size_t(const uint8_t*, size_t)' })
 */
export async function kernel<const P extends Prototypes>(
  binary: Uint8Array | BundledKernel,
  prototypes: P,
): Promise<KernelFunctions<P>> {
  const functions =
    binary instanceof Uint8Array
      ? await link('binary', { from: 'binary', base64: '' }, prototypes, binary)
      : await link(`kernel ${binary.kernel}`, bundled(binary.kernel), prototypes)
  return functions as KernelFunctions<P>
}

/**
 * What packing makes of `import { scan } from './scan.c'`. Not for authors: its functions can be called once the agent
 * is, and it has no effect later.
 */
export function bundledKernel<const P extends Prototypes>(name: string, prototypes: P): KernelFunctions<P> {
  const request = stringify({ title: `import ${name}`, source: bundled(name), prototypes })
  return functionsOf(call('import-kernel', request) as CallReply) as KernelFunctions<P>
}

async function link(title: string, source: object, prototypes: Prototypes, binary?: Uint8Array) {
  return functionsOf(await call('link-kernel', stringify({ title, source, prototypes }), binary))
}

function bundled(name: string): object {
  return { from: 'bundle', name }
}
