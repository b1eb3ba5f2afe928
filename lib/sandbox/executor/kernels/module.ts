/// <reference path="../../engine/webassembly.d.ts" />
/** Binaries of kernels become modules, once per thread and binary. */
import { createHash } from 'node:crypto'
import { setFlagsFromString } from 'node:v8'
import { KernelError } from '../../../errors.ts'
import { checkStructure, type KernelStructure } from '../../../kernels/structure.ts'

export interface KernelModule {
  /** SHA-256 of the binary, base64url. */
  readonly digest: string
  readonly structure: KernelStructure
  readonly module: WebAssembly.Module
}

/** Modules that are kept for the next run, the one used last at the end. */
const MAX_KEPT = 64
const kept = new Map<string, KernelModule>()
let tiersAreFixed = false

/**
 * Compiles a binary, after its structure was checked: the sandbox did so with those it sent, and the agent may have
 * brought one itself.
 *
 * @throws KernelError `KERNEL_MALFORMED`
 */
export function compileKernel(bytes: Uint8Array): KernelModule {
  const digest = createHash('sha256').update(bytes).digest('base64url')
  const known = kept.get(digest)
  kept.delete(digest)
  const made = known ?? { digest, structure: checkStructure(bytes), module: compile(bytes) }
  kept.set(digest, made)
  if (kept.size > MAX_KEPT) kept.delete(kept.keys().next().value!)
  return made
}

function compile(bytes: Uint8Array): WebAssembly.Module {
  // Tiering on the way keeps a long `memory.fill` in code that V8 can't interrupt (Node 20): 30 s and more.
  if (!tiersAreFixed) setFlagsFromString('--no-wasm-dynamic-tiering')
  tiersAreFixed = true
  try {
    return new WebAssembly.Module(bytes)
  } catch (error) {
    const why = error instanceof WebAssembly.CompileError ? error.message : 'it does not compile'
    throw new KernelError('KERNEL_MALFORMED', `the kernel's binary is not valid: ${why}`)
  }
}
