/**
 * The compiler function: source in, binary out. It stands apart from the data-locality function, since a compiler is a
 * large thing to trust: it has no data, no secret and no agent, and all it may do is to put binaries under `kernels/`.
 */
import { createKernelCompiler } from '../../lib/kernels/compiler.ts'
import { createS3Client } from '../../lib/objects/s3.ts'
import { createS3AgentBucket } from '../../lib/objects/s3-agent-bucket.ts'
import { readEnvironment } from './environment.ts'
import { createHandler } from './handler.ts'

const { region, agentBucket } = readEnvironment(process.env)

export const handler = createHandler({
  // Its process starts with the first request, and with the compiler of that request's language alone.
  compiler: createKernelCompiler({ assets: import.meta.dirname }),
  agents: createS3AgentBucket({ client: createS3Client({ region }), bucket: agentBucket }),
  report: (error) => console.error(error),
})
