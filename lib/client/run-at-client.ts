import { type OrderDraft, readManifest, signOrderFor } from '../author/sign-order.ts'
import { CLIENT } from '../client-name.ts'
import type { Json } from '../encoding/json.ts'
import { fromWireError, InternalError } from '../errors.ts'
import type { Fleet } from '../fleet/fleet-file.ts'
import { FORMAT_VERSION } from '../format-version.ts'
import type { LandingResult } from '../host/landing-result.ts'
import type { LandingPlace } from '../relay/landing-place.ts'
import type { Progress } from '../sandbox/contract/job.ts'
import type { SigningKey } from '../trust/keys.ts'

/** One run on the caller's machine. */
export interface ClientRunOptions {
  readonly fleet: Pick<Fleet, 'name'>
  /** The signed bundle's file. */
  readonly file: Uint8Array
  readonly sender: SigningKey
  /** @default null */
  readonly input?: Json
  /** Tighter than the bundle's own. @default what the bundle says */
  readonly order?: OrderDraft
  readonly signal?: AbortSignal | undefined
  /** Called as often as the place says how far it is. */
  readonly onProgress?: ((place: string, progress: Progress) => void) | undefined
  /** Milliseconds since 1970. @default Date.now */
  readonly now?: () => number
}

/** Runs a signed bundle on the caller's machine, with the data that this place was given. @throws what the place refused */
export async function runAtClient(
  client: Pick<LandingPlace, 'deliver' | 'land'>,
  { fleet, file, sender, input = null, order: draft = {}, signal, onProgress, now = Date.now }: ClientRunOptions,
  entry: 'run' | 'merge' = 'run',
): Promise<LandingResult> {
  const text = JSON.stringify(input)
  const manifest = readManifest(file)
  const { envelope: order } = signOrderFor({
    manifest,
    draft,
    fleet: fleet.name,
    regions: [CLIENT],
    input: text,
    sender,
    now: now(),
  })
  const { bundle } = await client.deliver(file)
  const { reply } = await client.land(
    { lander: FORMAT_VERSION, bundle, order, input: text, entry },
    { signal, onProgress: onProgress && ((progress) => onProgress(CLIENT, progress)) },
  )
  if ('error' in reply) throw fromWireError(reply.error)
  const { outcome } = reply.landingResult
  if (outcome.kind === 'departed') throw new InternalError('an agent departed from the client')
  return { ...reply.landingResult, outcome }
}
