import { InvokeCommand, type LambdaClient } from '@aws-sdk/client-lambda'
import { utf8 } from '../encoding/bytes.ts'
import { parseJson } from '../encoding/json.ts'
import { UnreachableError } from '../errors.ts'
import type { FleetRegion } from '../fleet/fleet-file.ts'
import { PROBE, type Probe, parseProbe } from '../host/probe.ts'
import { explainUnreachable } from './invoke-landing.ts'

/** A region's answer to a probe, and the offset of its clock. */
export interface ProbedRegion {
  readonly probe: Probe
  /** Milliseconds that the region's clock is ahead of the client's, with an error of up to `roundTripMs` / 2. */
  readonly skewMs: number
  readonly roundTripMs: number
}

/**
 * Asks the function of a region for its version, keys and policy, without running an agent.
 *
 * @throws UnreachableError if the function can't be reached, fails, or sends no valid answer
 */
export async function probeRegion(place: FleetRegion, lambda: LambdaClient, now: () => number): Promise<ProbedRegion> {
  const start = now()
  const payload = await invoke(place, lambda)
  const end = now()
  const probe = parseProbe(parseJson(payload))
  if (probe === undefined) {
    throw new UnreachableError('REPLY_MALFORMED', `the function of ${place.region} sent no valid answer to a probe`, {
      remedy: 'deploy this version of Lander there',
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
    remedy: `read its log in ${region}: the deployment may lack a variable or a permission`,
  })
}
