/**
 * The compiler function: source in, binary out. It is separate from the data-locality function because a compiler is a
 * lot of code to trust: it has no data, no secret and no agent, and its role may only write binaries under `kernels/`.
 */
import { createKernelCompiler } from '../../lib/kernels/compiler.ts'
import { createS3Client } from '../../lib/objects/s3.ts'
import { createS3AgentBucket } from '../../lib/objects/s3-agent-bucket.ts'
import { readEnvironment } from './environment.ts'
import { createHandler } from './handler.ts'

const { region, agentBucket } = readEnvironment(process.env)

export const handler = createHandler({
  // Its process starts with the first request and loads only the compiler for that language.
  compiler: createKernelCompiler({ assets: import.meta.dirname }),
  agents: createS3AgentBucket({ client: createS3Client({ region }), bucket: agentBucket }),
  report: (error) => console.error(error),
})
