import { compileHere } from '../../lib/bundle/packed-kernel.ts'
import { KernelError } from '../../lib/errors.ts'
import type { KernelLanguage } from '../../lib/kernels/language.ts'
import type { KernelSupply } from '../../lib/sandbox/contract/job.ts'

export interface SuppliedKernels extends KernelSupply {
  /** The requested names and sources, in order. */
  readonly asked: readonly string[]
}

/** Kernels of a bundle, by name: C sources or binaries. Also compiles sources at run time. */
export function supplyKernels(kernels: Readonly<Record<string, string | Uint8Array>> = {}): SuppliedKernels {
  const asked: string[] = []
  return {
    asked,
    async byName(name) {
      asked.push(name)
      const kernel = kernels[name]
      if (kernel === undefined) throw new KernelError('KERNEL_UNKNOWN', `the bundle has no kernel "${name}"`)
      return typeof kernel === 'string' ? compiled(kernel, 'c') : kernel
    },
    compile(source, language) {
      asked.push(source)
      return compiled(source, language)
    },
  }
}

async function compiled(source: string, language: KernelLanguage): Promise<Uint8Array> {
  return (await compileHere(source, language)).binary
}
