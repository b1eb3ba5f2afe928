import type { WireError } from '../errors.ts'
import type { KernelLanguage } from './language.ts'

/** A request to the compiler's process. */
export interface CompileRequest {
  readonly id: number
  readonly source: string
  readonly language: KernelLanguage
}

/** A compiled kernel. */
export interface CompiledKernel {
  readonly binary: Uint8Array
  /** The prototypes of its functions, by name. */
  readonly prototypes: ReadonlyMap<string, string>
  /** The functions that agents can't call, with the reasons, by name. */
  readonly unusable: ReadonlyMap<string, string>
}

/** The answer of the compiler's process. */
export type CompileReply = { readonly id: number } & (
  | { readonly compiled: CompiledKernel }
  | { readonly error: WireError }
)
