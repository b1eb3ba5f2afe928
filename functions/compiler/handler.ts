import { LanderError, toWireError } from '../../lib/errors.ts'
import type { KernelCompiler } from '../../lib/kernels/compiler.ts'
import { kernelDigest } from '../../lib/kernels/toolchain.ts'
import { type CompileAnswer, parseCompileEvent } from '../../lib/kernels/wire.ts'
import { type AgentBucket, kernelKey } from '../../lib/objects/agent-bucket.ts'

export interface HandlerOptions {
  readonly compiler: Pick<KernelCompiler, 'compile'>
  readonly agents: Pick<AgentBucket, 'put'>
  /** Called with internal errors. */
  readonly report: (error: unknown) => void
}

/** The function's handler: compiles a source, stores the binary for later requests, and returns it. Never throws. */
export function createHandler({ compiler, agents, report }: HandlerOptions) {
  return async (event: unknown): Promise<CompileAnswer> => {
    try {
      const { source, language } = parseCompileEvent(event)
      const { binary } = await compiler.compile(source, language)
      // If the binary can't be stored, it is compiled again next time. The answer does not depend on it.
      await agents.put(kernelKey(kernelDigest(source, language)), binary).catch(report)
      return { binary: Buffer.from(binary).toString('base64') }
    } catch (error) {
      if (!(error instanceof LanderError)) report(error)
      return { error: toWireError(error) }
    }
  }
}
