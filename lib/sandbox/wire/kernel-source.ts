/** Where the binary of a kernel comes from. A snapshot identifies its kernels this way. */
import * as v from 'valibot'

/** An entry of the bundle, source that the place compiles, or a binary that the agent has. */
export type KernelSource =
  | { readonly from: 'bundle'; readonly name: string }
  | { readonly from: 'source'; readonly text: string }
  | { readonly from: 'binary'; readonly base64: string }

const name = v.pipe(v.string(), v.minLength(1), v.maxLength(256))

export const kernelSource = v.variant('from', [
  v.strictObject({ from: v.literal('bundle'), name }),
  v.strictObject({ from: v.literal('source'), text: v.string() }),
  v.strictObject({ from: v.literal('binary'), base64: v.string() }),
]) satisfies v.GenericSchema<unknown, KernelSource>

/** A kernel in a snapshot, with its functions and their positions in the guest's table. */
export const kernelNote = v.strictObject({
  source: kernelSource,
  /** The identity of the kernel: a later kernel with the same title replaces it. */
  title: v.string(),
  functions: v.array(
    v.strictObject({ slot: v.pipe(v.number(), v.safeInteger(), v.minValue(0)), name, prototype: v.string() }),
  ),
})

export type KernelNote = v.InferOutput<typeof kernelNote>
