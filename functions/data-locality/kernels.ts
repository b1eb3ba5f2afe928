/** Compiles kernels that came as source. Loaded only when the first such kernel is needed. */
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRemoteCompiler } from '../../lib/aws/remote-compiler.ts'
import { createKernelLibrary, type KernelLibrary } from '../../lib/kernels/library.ts'
import type { AgentBucket } from '../../lib/objects/agent-bucket.ts'

export interface KernelsHere {
  readonly region: string
  readonly agents: Pick<AgentBucket, 'get'>
  /** The name of the region's compiler function. */
  readonly functionName: string
  /** The folder for compiled binaries. @default below the temporary folder */
  readonly folder: string | undefined
}

/** Finds compiled kernels in memory, on disk or in the agent bucket, and calls the compiler function for the others. */
export function createKernels({ region, agents, functionName, folder }: KernelsHere): KernelLibrary {
  const compile = createRemoteCompiler({ region, functionName })
  return createKernelLibrary({ compile, agents, folder: folder ?? join(tmpdir(), 'lander-kernels') })
}
