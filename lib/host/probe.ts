import * as v from 'valibot'
import { ABI_VERSION } from '../bundle/manifest.ts'
import { toBase64url } from '../encoding/base64url.ts'
import { toWireError, type WireError } from '../errors.ts'
import { FORMAT_VERSION } from '../format-version.ts'
import { VERSION } from '../version.ts'
import type { Admission } from './admit.ts'
import { WIRE_ERROR } from './landing-result.ts'
import type { ReceiptKeys } from './receipts.ts'

/** The status of a place, for anyone who may invoke it: whether agents could land there. */
export interface Probe {
  /** The version of this package. */
  readonly version: string
  /** SHA-256 of the engine's binary, base64url. */
  readonly engine: string
  readonly abi: number
  readonly fleet: string
  readonly region: string
  /** The place's clock: milliseconds since 1970. */
  readonly time: number
  /** The version of the key policy; `null` if there is no valid one. */
  readonly policy: number | null
  /** The fleet's receipt keys, 32 bytes, base64url, the latest last. Empty if the secret can't be read. */
  readonly receiptKeys: readonly { readonly epoch: number; readonly publicKey: string }[]
  /** Why agents could not land. */
  readonly problems: readonly WireError[]
}

const PROBE_REQUEST = v.strictObject({ lander: v.literal(FORMAT_VERSION), probe: v.literal(true) })

export const PROBE: v.InferOutput<typeof PROBE_REQUEST> = { lander: FORMAT_VERSION, probe: true }

/** Whether an event from the network is a {@link PROBE}. */
export function isProbe(event: unknown): boolean {
  return v.is(PROBE_REQUEST, event)
}

const ANSWER = v.object({
  version: v.string(),
  engine: v.string(),
  abi: v.number(),
  fleet: v.string(),
  region: v.string(),
  time: v.number(),
  policy: v.nullable(v.number()),
  receiptKeys: v.array(v.object({ epoch: v.number(), publicKey: v.pipe(v.string(), v.length(43)) })),
  problems: v.array(WIRE_ERROR),
})

/** Reads the answer of a place; `undefined` if it is not a {@link Probe}. Ignores the fields of newer versions. */
export function parseProbe(json: unknown): Probe | undefined {
  const parsed = v.safeParse(ANSWER, json)
  return parsed.success ? (parsed.output as Probe) : undefined
}

export interface ProbeOptions extends Omit<Admission, 'agents'> {
  readonly receipts?: ReceiptKeys
}

/** Collects the place's status. Never throws; problems are listed in the result. */
export async function probePlace({ engine, fleet, region, now, policy, receipts }: ProbeOptions): Promise<Probe> {
  const problems: WireError[] = []
  const note = (error: unknown) => {
    problems.push(toWireError(error))
    return undefined
  }
  const keyring = await policy.current().catch(note)
  const keys = (await receipts?.all().catch(note)) ?? []
  return {
    version: VERSION,
    engine,
    abi: ABI_VERSION,
    fleet,
    region,
    time: now(),
    policy: keyring?.version ?? null,
    receiptKeys: keys.map(({ epoch, key }) => ({ epoch, publicKey: toBase64url(key.publicKey) })),
    problems,
  }
}
