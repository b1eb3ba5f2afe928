/** Bytes of the event of a synchronous call (AWS Lambda quotas). */
export const SYNC_EVENT_BYTES = 6 * 1024 * 1024

/** Bytes of the event of an `Event` call (AWS Lambda quotas). */
export const ASYNC_EVENT_BYTES = 1024 * 1024

/** Bytes of a buffered answer: AWS allows 100 more than for the event. */
export const RESPONSE_BYTES = SYNC_EVENT_BYTES + 100

/** Bytes of the log that `LogType: Tail` returns. */
export const LOG_TAIL_BYTES = 4096

/** Bytes of the client context, in base64. */
export const CLIENT_CONTEXT_BYTES = 3583

/** How long loading a handler may take. */
export const INIT_SECONDS = 10

/** How often a failed `Event` call is retried. */
export const ASYNC_RETRIES = 2

export const TIMEOUT_SECONDS = { least: 1, most: 900, default: 3 } as const
export const MEMORY_MB = { least: 128, most: 10_240, default: 128 } as const
