import { LanderError, toWireError } from '../../lib/errors.ts'
import type { KernelCompiler } from '../../lib/kernels/compiler.ts'
import { kernelDigest } from '../../lib/kernels/toolchain.ts'
import { type CompileAnswer, parseCompileEvent } from '../../lib/kernels/wire.ts'
import { type AgentBucket, kernelKey } from '../../lib/objects/agent-bucket.ts'

export interface HandlerOptions {
  readonly compiler: Pick<KernelCompiler, 'compile'>
  readonly agents: Pick<AgentBucket, 'put'>
  /** Told of faults that are nobody's but ours. */
  readonly report: (error: unknown) => void
}

/** The function's handler: compiles, keeps the binary for whoever asks next, and answers. Never throws. */
export function createHandler({ compiler, agents, report }: HandlerOptions) {
  return async (event: unknown): Promise<CompileAnswer> => {
    try {
      const { source, language } = parseCompileEvent(event)
      const { binary } = await compiler.compile(source, language)
      // A kernel that can't be kept is compiled again one day: no reason to have none now.
      await agents.put(kernelKey(kernelDigest(source, language)), binary).catch(report)
      return { binary: Buffer.from(binary).toString('base64') }
    } catch (error) {
      if (!(error instanceof LanderError)) report(error)
      return { error: toWireError(error) }
    }
  }
}
