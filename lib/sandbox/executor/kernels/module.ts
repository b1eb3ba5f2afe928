/// <reference path="../../engine/webassembly.d.ts" />
/** Compiles the binaries of kernels, once per thread and binary. */
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

/** How many modules are cached for later runs. The most recently used one is last. */
const MAX_KEPT = 64
const kept = new Map<string, KernelModule>()
let tiersAreFixed = false

/**
 * Checks the structure of a binary and compiles it. The sandbox has checked the binaries that it sends, but the agent
 * may also bring its own.
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
  // With dynamic tiering, V8 (Node 20) can't interrupt a long `memory.fill`, which may run for more than 30 s.
  if (!tiersAreFixed) setFlagsFromString('--no-wasm-dynamic-tiering')
  tiersAreFixed = true
  try {
    return new WebAssembly.Module(bytes)
  } catch (error) {
    const why = error instanceof WebAssembly.CompileError ? error.message : 'it does not compile'
    throw new KernelError('KERNEL_MALFORMED', `the kernel's binary is not valid: ${why}`)
  }
}
