/** What a client sends to a data-locality function. */
import * as v from 'valibot'
import { RefusedError } from '../errors.ts'
import { FORMAT_VERSION, FORMATS, requireDocumentVersion } from '../format-version.ts'
import { MAX_COPIES } from '../limits.ts'
import type { LossReason } from '../sandbox/contract/outcome.ts'
import { inlineBytes, type StateRef, stateRef, storedBytes } from './state-ref.ts'

/** The largest bundle that travels inside an invocation. A larger one goes through the region's agent bucket. */
export const MAX_INLINE_BUNDLE_BYTES = 64 * 1024

/** The largest input, in bytes of JSON. */
export const MAX_INPUT_BYTES = 1024 * 1024

/** The most attempts at one landing, including the first. */
export const MAX_ATTEMPTS = 16

const LOSSES = { unreachable: true, refused: true, failed: true } satisfies Record<LossReason, true>
const lost = v.strictObject({ lost: v.picklist(Object.keys(LOSSES) as LossReason[]) })

const schema = v.strictObject({
  lander: v.literal(FORMAT_VERSION),
  bundle: v.union([inlineBytes(MAX_INLINE_BUNDLE_BYTES), storedBytes]),
  /** The order's envelope. It is parsed where its signature is verified. */
  order: v.unknown(),
  /** JSON text. The order contains the digest of exactly these bytes. */
  input: v.pipe(v.string(), v.maxLength(MAX_INPUT_BYTES)),
  /** Which of the agent's functions to call; `resume` restores an agent that has left another place. @default 'run' */
  entry: v.optional(v.picklist(['run', 'merge', 'resume'])),
  /** The sealed state of the agent to resume. */
  state: v.optional(stateRef),
  /** The answers of the agent's copies, in the order in which the agent sent them. */
  answers: v.optional(v.pipe(v.array(v.union([stateRef, lost])), v.maxLength(MAX_COPIES))),
  /**
   * A retry of a landing. `death`: Lambda reported that the last attempt has ended. `silence`: nobody knows, so the
   * last attempt keeps the landing until its function must have ended. @default the first attempt
   */
  attempt: v.optional(
    v.strictObject({
      number: v.pipe(v.number(), v.safeInteger(), v.minValue(1), v.maxValue(MAX_ATTEMPTS)),
      after: v.picklist(['death', 'silence']),
    }),
  ),
  /**
   * The signed messages for this landing. An empty list means that messages may come later, so the agent may wait for
   * one.
   * @default nobody sends messages to this agent
   */
  messages: v.optional(v.unknown()),
  /** Whether to report progress while the agent runs. @default false */
  stream: v.optional(v.boolean()),
})

export type Invocation = v.InferOutput<typeof schema>

/** The sealed answer of a copy, or why there is none. */
export type CopyReturn = StateRef | v.InferOutput<typeof lost>

/** Reads an event from the network. @throws RefusedError `VERSION_UNSUPPORTED`, `REQUEST_MALFORMED` */
export function parseInvocation(event: unknown): Invocation {
  requireDocumentVersion(event, FORMATS.invocation)
  const parsed = v.safeParse(schema, event)
  if (parsed.success) return parsed.output
  const path = v.getDotPath(parsed.issues[0]) ?? 'the request'
  throw new RefusedError('REQUEST_MALFORMED', `${path} is not as this version of Lander expects`, {
    remedy: 'use a client of the same version as the fleet',
  })
}
