import { InvokeCommand, type LambdaClient } from '@aws-sdk/client-lambda'
import { fromUtf8, utf8 } from '../encoding/bytes.ts'
import { UnreachableError } from '../errors.ts'
import type { FleetRegion } from '../fleet/fleet.ts'
import { PROBE, type Probe, parseProbe } from '../host/probe.ts'
import { explainUnreachable } from './invoke.ts'

/** What a region answered, and how its clock compares. */
export interface ProbedRegion {
  readonly probe: Probe
  /** Milliseconds that the region's clock is ahead of this one, give or take `roundTripMs` / 2. */
  readonly skewMs: number
  readonly roundTripMs: number
}

/**
 * Asks the function of a region what it is. No agent runs.
 *
 * @throws UnreachableError when the function can't be reached, fails, or answers nonsense
 */
export async function probeRegion(place: FleetRegion, lambda: LambdaClient, now: () => number): Promise<ProbedRegion> {
  const start = now()
  const payload = await invoke(place, lambda)
  const end = now()
  const probe = parseProbe(parseJson(payload))
  if (probe === undefined) {
    throw new UnreachableError('REPLY_MALFORMED', `the function of ${place.region} does not say what it is`, {
      remedy: 'deploy a version of Lander that answers lander fleet check',
    })
  }
  return { probe, skewMs: probe.time - (start + end) / 2, roundTripMs: end - start }
}

async function invoke(place: FleetRegion, lambda: LambdaClient): Promise<Uint8Array> {
  const { functionName: FunctionName, region } = place
  try {
    const { Payload, FunctionError } = await lambda.send(
      new InvokeCommand({ FunctionName, Payload: utf8(JSON.stringify(PROBE)) }),
    )
    if (FunctionError === undefined && Payload !== undefined) return Payload
  } catch (error) {
    throw explainUnreachable(error, place)
  }
  throw new UnreachableError('FUNCTION_FAILED', `the function ${FunctionName} of ${region} does not start`, {
    remedy: `look into its log in ${region}: the deployment may lack a variable or a permission`,
  })
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(fromUtf8(bytes))
  } catch {
    return undefined
  }
}
