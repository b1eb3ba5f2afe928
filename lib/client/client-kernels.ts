import { compileHere } from '../bundle/packed-kernel.ts'
import { createKernelLibrary, type KernelLibrary } from '../kernels/library.ts'

/**
 * Where a place on the caller's own machine gets kernels that come as source: from the compiler that packs, in a process
 * that starts with the first of them.
 */
export const clientKernels: KernelLibrary = createKernelLibrary({
  compile: async (source, language) => (await compileHere(source, language)).binary,
})
