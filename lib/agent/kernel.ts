import type { KernelFunction, KernelFunctions } from './kernel-types.ts'
import { call } from './prelude/calls.ts'
import { stringify } from './prelude/captured.ts'
import { functionsOf } from './prelude/kernel-calls.ts'

/** Names a kernel of the bundle. The packer puts it in place of a literal source or an imported `.wasm` file. */
export interface BundledKernel {
  readonly kernel: string
}

type Prototypes = Readonly<Record<string, string>>

/**
 * Defines a function in C (C11, freestanding), with a prototype such as `int(int)`.
 *
 * If all three arguments are literals, the packer compiles the function and its source is signed with the agent. Source
 * that is made at run time is compiled in the agent's place, if the bundle was signed with `compiles: true`.
 *
 * A second definition of the same name replaces the first one everywhere, also for code that holds the old function.
 * The static variables of a kernel do not travel: they have their initial values again after each hop.
 *
 * @throws KernelError `KERNEL_COMPILE_FAILED` with the compiler's message, `KERNEL_PROTOTYPE`, `KERNEL_NOT_ALLOWED` …
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
 * Links a WebAssembly binary and returns the functions that `prototypes` names. A packed binary
 * (`import table from './table.wasm'`) runs in every place. A binary from any other source needs `compiles: true`.
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

async function link(title: string, source: object, prototypes: Prototypes, binary?: Uint8Array) {
  return functionsOf(await call('link-kernel', stringify({ title, source, prototypes }), binary))
}

function bundled(name: string): object {
  return { from: 'bundle', name }
}
