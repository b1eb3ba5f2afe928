/**
 * The data-locality function: wiring only, from the environment to `lib/host`. The CDK deploys this file's build to
 * every storage region, and the local cloud runs the very same one.
 */
// First: the executor starts while the rest is read. An import of nothing stays where it is when others are sorted.
import './sandbox.ts'

import { createHandler, type StreamingHandler } from './handler.ts'

declare const awslambda: { streamifyResponse(handler: StreamingHandler): unknown }

// A part of its own: to read, compile and evaluate it takes as long as the executor's start.
const { createPlace } = await import('./place.ts')

export const handler = awslambda.streamifyResponse(createHandler(createPlace()))
