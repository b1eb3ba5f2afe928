/** Where the binary of a kernel comes from. A state that travels names its kernels so. */
import * as v from 'valibot'

/** An entry of the bundle, source that is compiled in the place, or a binary the agent has brought. */
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

/** Functions of a kernel that agents call, and where the guest's table has them. */
export const kernelNote = v.strictObject({
  source: kernelSource,
  /** What one calls it: a later kernel with the same title takes its place. */
  title: v.string(),
  functions: v.array(
    v.strictObject({ slot: v.pipe(v.number(), v.safeInteger(), v.minValue(0)), name, prototype: v.string() }),
  ),
})

export type KernelNote = v.InferOutput<typeof kernelNote>
