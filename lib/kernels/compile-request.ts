import type { WireError } from '../errors.ts'
import type { KernelLanguage } from './language.ts'

/** What the compiler's process is asked. */
export interface CompileRequest {
  readonly id: number
  readonly source: string
  readonly language: KernelLanguage
}

/** What a kernel's source came to. */
export interface CompiledKernel {
  readonly binary: Uint8Array
  /** Prototypes of its functions, by name. */
  readonly prototypes: ReadonlyMap<string, string>
  /** Functions that no agent can call: what stands in the way, by name. */
  readonly unusable: ReadonlyMap<string, string>
}

/** What the compiler's process answers. */
export type CompileReply = { readonly id: number } & (
  | { readonly compiled: CompiledKernel }
  | { readonly error: WireError }
)
