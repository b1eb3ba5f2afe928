/** What a detached mission is sent off with: everything its relay needs, so that nobody has to stay with it. */

import * as v from 'valibot'
import { parseJson } from '../encoding/json.ts'
import { RefusedError } from '../errors.ts'
import { FORMAT_VERSION, FORMATS, requireDocumentVersion } from '../format-version.ts'
import { MAX_INLINE_BUNDLE_BYTES, MAX_INPUT_BYTES } from '../host/invocation.ts'
import { type AgentBucket, bundleKey, requestKey } from '../objects/agent-bucket.ts'
import type { EnvelopeJson } from '../trust/envelope.ts'

const text = (max: number) => v.pipe(v.string(), v.maxLength(max))
const base64url = (max: number) => v.pipe(text(max), v.regex(/^[\w-]*$/))

const schema = v.strictObject({
  lander: v.literal(FORMAT_VERSION),
  mission: text(64),
  /** The fleet's regions that the mission may go to. */
  regions: v.pipe(
    v.array(v.strictObject({ region: text(64), functionName: text(256), agentBucket: text(256) })),
    v.minLength(1),
    v.maxLength(64),
  ),
  /** Where agents start: in the first region the relay runs. */
  starts: v.pipe(v.array(text(64)), v.minLength(1), v.maxLength(64)),
  /** The signed bundle, or its digest when it lies in the first region's agent bucket. */
  bundle: v.union([
    v.strictObject({ inline: base64url(Math.ceil((MAX_INLINE_BUNDLE_BYTES * 4) / 3) + 2) }),
    v.strictObject({ sha256: base64url(43) }),
  ]),
  /** An envelope. The places check it; the relay only carries it. */
  order: v.unknown(),
  /** JSON text. */
  input: text(MAX_INPUT_BYTES),
  /** When it was sent off, and when its order expires: milliseconds since 1970. */
  sentAt: v.pipe(v.number(), v.safeInteger()),
  expiresAt: v.pipe(v.number(), v.safeInteger()),
})

export type MissionRequest = v.InferOutput<typeof schema> & { readonly order: EnvelopeJson }

/** Room for the largest input and bundle as JSON. */
const MAX_REQUEST_BYTES = 8 * 1024 * 1024
const MAX_BUNDLE_BYTES = 8 * 1024 * 1024

/** The request of a mission in a region's agent bucket; `undefined` where there is none. @throws RefusedError */
export async function readRequest(
  mission: string,
  agents: Pick<AgentBucket, 'get'>,
): Promise<MissionRequest | undefined> {
  const bytes = await agents.get(requestKey(mission), MAX_REQUEST_BYTES)
  if (bytes === undefined) return undefined
  const json = parseJson(bytes)
  requireDocumentVersion(json, FORMATS.missionRequest)
  const parsed = v.safeParse(schema, json)
  if (parsed.success) return parsed.output as MissionRequest
  throw new RefusedError('REQUEST_MALFORMED', `the request of mission ${mission} is malformed`, {
    remedy: 'send it off again, with a client of the same version as the fleet',
  })
}

/** The signed bundle of a request. @throws RefusedError `BUNDLE_NOT_FOUND` */
export async function bundleOfRequest(
  { bundle }: Pick<MissionRequest, 'bundle'>,
  agents: Pick<AgentBucket, 'get'>,
): Promise<Uint8Array> {
  if ('inline' in bundle) return Buffer.from(bundle.inline, 'base64url')
  const bytes = await agents.get(bundleKey(bundle.sha256), MAX_BUNDLE_BYTES)
  if (bytes !== undefined) return bytes
  throw new RefusedError('BUNDLE_NOT_FOUND', `no bundle ${bundle.sha256} waits in this region`)
}
