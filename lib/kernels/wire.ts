/** The request to the compiler function and its answer: one JSON document each. */

import * as v from 'valibot'
import { KernelError, RefusedError, type WireError } from '../errors.ts'
import { FORMAT_VERSION, FORMATS, requireDocumentVersion } from '../format-version.ts'
import { type KernelLanguage, MAX_SOURCE_BYTES } from './language.ts'
import { MAX_MODULE_BYTES } from './structure.ts'

const Request = v.strictObject({
  lander: v.literal(FORMAT_VERSION),
  source: v.pipe(v.string(), v.maxLength(MAX_SOURCE_BYTES)),
  language: v.picklist(['c', 'assemblyscript'] satisfies KernelLanguage[]),
})

/** A source to compile. */
export type CompileEvent = v.InferOutput<typeof Request>

/** The binary in base64, or the error. */
export type CompileAnswer = { readonly binary: string } | { readonly error: WireError }

/** Reads an event from the network. @throws RefusedError `VERSION_UNSUPPORTED`, `REQUEST_MALFORMED` */
export function parseCompileEvent(event: unknown): CompileEvent {
  requireDocumentVersion(event, FORMATS.compileEvent)
  const parsed = v.safeParse(Request, event)
  if (parsed.success) return parsed.output
  throw new RefusedError('REQUEST_MALFORMED', 'this is not a request to compile a kernel')
}

const Answer = v.union([
  v.object({ binary: v.pipe(v.string(), v.maxLength(2 * MAX_MODULE_BYTES), v.base64()) }),
  v.object({
    error: v.object({
      code: v.string(),
      situation: v.picklist(['usage', 'refused', 'object', 'kernel', 'unreachable', 'internal']),
      message: v.string(),
      remedy: v.optional(v.string()),
    }),
  }),
])

/** Reads the compiler function's answer. @throws KernelError `KERNEL_UNREACHABLE` for anything else */
export function parseCompileAnswer(answer: unknown): CompileAnswer {
  const parsed = v.safeParse(Answer, answer)
  if (parsed.success) return parsed.output as CompileAnswer
  throw new KernelError('KERNEL_UNREACHABLE', 'the answer of the compiler function is malformed', {
    remedy: 'deploy the stack again, so that both functions are of one version',
  })
}
