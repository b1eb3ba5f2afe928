import { join } from 'node:path'
import { utf8 } from '../encoding/bytes.ts'
import { KernelError } from '../errors.ts'
import type { CompiledKernel } from '../kernels/compile-request.ts'
import { createKernelCompiler, type KernelCompiler } from '../kernels/compiler.ts'
import type { KernelLanguage } from '../kernels/language.ts'
import { createKernelLibrary } from '../kernels/library.ts'
import { functionTypeOf, parsePrototype } from '../kernels/signature.ts'
import { checkStructure, type FunctionType } from '../kernels/structure.ts'
import { userCache } from './asset-files.ts'
import { ensureCompilerAsset } from './compiler-asset.ts'

/** A kernel of a packed agent. */
export interface PackedKernel {
  /** The name of its entries: `NAME.wasm`, and `NAME.c` or `NAME.as.ts`. */
  readonly name: string
  readonly binary: Uint8Array
  /** Absent if the author provided a binary. */
  readonly source?: { readonly text: string; readonly language: KernelLanguage }
  /** The file that it was imported from, as a path from the agent's folder. */
  readonly file?: string
  /** The prototypes of the functions that can be imported, by name. */
  readonly prototypes?: ReadonlyMap<string, string>
}

/** Which form of a kernel is put into the bundle. A kernel that the author provided as a binary has no source. */
export type KernelForm = 'binary' | 'source' | 'both'

/** Turns any name into one that entries can have. */
export function kernelName(text: string): string {
  const cleaned = text.replaceAll(/[^\w$-]/g, '_').replace(/^(?=[\d-])/, '_')
  return cleaned.slice(0, 64) || '_'
}

/**
 * Compiles on the author's machine. Binaries of C are cached in the user's cache folder, which nobody else can write
 * to.
 *
 * @throws KernelError `KERNEL_UNREACHABLE` if the language's compiler is not installed, `KERNEL_COMPILE_FAILED`, …
 */
export async function compileHere(text: string, language: KernelLanguage): Promise<CompiledKernel> {
  const compile = async () => (await compilerHere(language)).compile(text, language)
  if (language === 'assemblyscript') return compile()
  const { readCPrototypes } = await import('../kernels/c/prototypes.ts')
  const library = createKernelLibrary({
    compile: async () => (await compile()).binary,
    folder: join(userCache(), 'kernels'),
  })
  return { binary: await library.binaryOf(text, language), ...readCPrototypes(text) }
}

let started: KernelCompiler | undefined

async function compilerHere(language: KernelLanguage): Promise<KernelCompiler> {
  const assets = await ensureCompilerAsset([language])
  started ??= createKernelCompiler({ assets })
  return started
}

/**
 * Checks that a binary has the functions of the prototypes.
 *
 * @throws KernelError `KERNEL_PROTOTYPE`
 */
export function requireFunctions(binary: Uint8Array, prototypes: Iterable<readonly [string, string]>): void {
  const { functions } = checkStructure(binary)
  for (const [name, prototype] of prototypes) {
    const found = functions.get(name)
    if (found === undefined)
      throw new KernelError('KERNEL_PROTOTYPE', `the kernel has no function "${name}"`, {
        remedy: `define it, not as static; the kernel has ${[...functions.keys()].join(', ') || 'none'}`,
      })
    const said = functionTypeOf(parsePrototype(prototype))
    if (!sameType(found, said))
      throw new KernelError(
        'KERNEL_PROTOTYPE',
        `"${name}" has the type ${typeText(found)}, but its prototype is ${prototype}`,
      )
  }
}

function sameType(a: FunctionType, b: FunctionType): boolean {
  return typeText(a) === typeText(b)
}

const typeText = ({ params, results }: FunctionType): string => `(${params.join(', ')}) → (${results.join(', ')})`

/** The entries of a kernel in the bundle. */
export function kernelEntries(
  { name, binary, source }: PackedKernel,
  form: KernelForm,
): { name: string; role: 'kernel-wasm' | 'kernel-source'; bytes: Uint8Array }[] {
  const sends = (one: KernelForm) => form === one || form === 'both'
  const extension = source?.language === 'c' ? 'c' : 'as.ts'
  return [
    ...(sends('binary') || !source ? [{ name: `${name}.wasm`, role: 'kernel-wasm' as const, bytes: binary }] : []),
    ...(sends('source') && source
      ? [{ name: `${name}.${extension}`, role: 'kernel-source' as const, bytes: utf8(source.text) }]
      : []),
  ]
}
