import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { LambdaClient } from '@aws-sdk/client-lambda'
import { describe, expect, test } from 'vitest'
import { probeRegion } from '../../lib/aws/probe-region.ts'
import { explainSkew } from '../../lib/fleet/clock-skew.ts'

const place = { region: 'eu-west-1', functionName: 'lander-sales', agentBucket: 'agents' }
const MINUTE = 60_000

describe('a clock', () => {
  test('may differ by at most five minutes', () => {
    expect(explainSkew(5 * MINUTE, 'eu-west-1')).toBeUndefined()
    expect(explainSkew(-5 * MINUTE, 'eu-west-1')).toBeUndefined()
    expect(explainSkew(10 * MINUTE, 'eu-west-1')).toMatchObject({
      code: 'CLOCK_SKEW',
      message: "the client's clock is 10 minutes behind that of eu-west-1",
    })
    expect(explainSkew(-10 * MINUTE, 'eu-west-1')?.message).toContain('10 minutes ahead of')
  })

  test('is named as the reason if AWS refuses a signature because of it', async () => {
    await using aws = await refusing(-10 * MINUTE)
    await expect(probeRegion(place, aws.lambda, Date.now)).rejects.toMatchObject({
      code: 'CLOCK_SKEW',
      message: expect.stringContaining('10 minutes ahead'),
      remedy: expect.any(String),
    })
  })

  test('is not named if the signature itself is wrong', async () => {
    await using aws = await refusing(0)
    await expect(probeRegion(place, aws.lambda, Date.now)).rejects.toMatchObject({ code: 'REGION_UNREACHABLE' })
  })
})

/** An AWS that refuses every signature, and whose clock is ahead of this computer's. */
async function refusing(aheadMs: number) {
  const server = createServer((request, response) => {
    request.resume()
    response.writeHead(403, {
      date: new Date(Date.now() + aheadMs).toUTCString(),
      'content-type': 'application/json',
      'x-amzn-errortype': 'InvalidSignatureException',
    })
    response.end('{"message":"Signature expired"}')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' }
  const lambda = new LambdaClient({ region: place.region, endpoint, credentials, maxAttempts: 1 })
  return {
    lambda,
    async [Symbol.asyncDispose]() {
      lambda.destroy()
      server.close()
      server.closeAllConnections()
    },
  }
}
