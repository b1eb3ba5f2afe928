/** Where the function gets kernels that came as source. A start without them does not even read this. */
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { LambdaClient } from '@aws-sdk/client-lambda'
import { createRemoteCompiler } from '../../lib/aws/remote-compiler.ts'
import { createKernelLibrary, type KernelLibrary } from '../../lib/kernels/library.ts'
import type { AgentBucket } from '../../lib/objects/agent-bucket.ts'

export interface KernelsHere {
  readonly region: string
  readonly agents: Pick<AgentBucket, 'get'>
  /** Name of the region's compiler function. */
  readonly functionName: string
  /** Where binaries are kept on this machine. @default below the temporary folder */
  readonly folder: string | undefined
}

/** The kernels of this region: in memory, on disk, in the agent bucket, and then by the compiler function. */
export function createKernels({ region, agents, functionName, folder }: KernelsHere): KernelLibrary {
  const compile = createRemoteCompiler({ client: new LambdaClient({ region }), functionName })
  return createKernelLibrary({ compile, agents, folder: folder ?? join(tmpdir(), 'lander-kernels') })
}
