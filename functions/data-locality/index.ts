/**
 * The data-locality function: it only connects the environment to `lib/host`. The CDK deploys the build of this file to
 * every storage region, and the local cloud runs the same build.
 */
// First, so that the executor starts while the rest loads. A side-effect import keeps its position when imports are
// sorted.
import './sandbox.ts'

import { createHandler, type StreamingHandler } from './handler.ts'

declare const awslambda: { streamifyResponse(handler: StreamingHandler): unknown }

// A separate chunk: loading it takes as long as the executor needs to start.
const { createPlace } = await import('./place.ts')

export const handler = awslambda.streamifyResponse(createHandler(createPlace()))
