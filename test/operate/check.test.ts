import type { LambdaClient } from '@aws-sdk/client-lambda'
import type { S3Client } from '@aws-sdk/client-s3'
import { describe, expect, test } from 'vitest'
import { toBase64url } from '../../lib/encoding/base64url.ts'
import { utf8 } from '../../lib/encoding/bytes.ts'
import { createFleetClients, type FleetClients } from '../../lib/fleet/clients.ts'
import type { Fleet } from '../../lib/fleet/fleet-file.ts'
import { FORMAT_VERSION } from '../../lib/format-version.ts'
import type { Probe } from '../../lib/host/probe.ts'
import { checkFleet } from '../../lib/operate/check.ts'
import { createPolicy } from '../../lib/trust/grant.ts'
import { generateKey } from '../../lib/trust/keys.ts'
import { signPolicy } from '../../lib/trust/policy.ts'

const NOW = Date.UTC(2026, 0, 2)
const root = generateKey()
const keys = [1, 2].map((epoch) => ({ epoch, publicKey: toBase64url(generateKey().publicKey) }))
const fleet: Fleet = {
  lander: FORMAT_VERSION,
  name: 'sales',
  rootKey: toBase64url(root.publicKey),
  receiptKeys: keys,
  regions: [{ region: 'eu-west-1', functionName: 'f', agentBucket: 'agents' }],
}
const SOUND: Probe = {
  version: '1.0.0',
  engine: 'engine',
  abi: 1,
  fleet: 'sales',
  region: 'eu-west-1',
  time: NOW,
  policy: 3,
  receiptKeys: keys,
  problems: [],
}

/**
 * Returns the check's result for the function's answer `probe` and a bucket that has version 3 of the policy, or that
 * is unreadable.
 */
function check(probe: Partial<Probe>, { readable = true } = {}) {
  const payload = utf8(JSON.stringify({ ...SOUND, ...probe }))
  const policy = utf8(JSON.stringify(signPolicy({ ...createPolicy('sales', NOW), version: 3 }, root)))
  const lambda = { send: async () => ({ Payload: payload }) } as unknown as LambdaClient
  const send = async () => {
    if (!readable) throw Object.assign(new Error('no'), { name: 'AccessDenied' })
    return { ContentLength: policy.length, Body: { transformToByteArray: async () => policy } }
  }
  const clients: FleetClients = {
    ...createFleetClients({}),
    lambda: () => lambda,
    s3: () => ({ send }) as unknown as S3Client,
  }
  return checkFleet({ fleet, clients, engine: 'engine', now: () => NOW })
}

const problemsOf = async (report: ReturnType<typeof check>) => (await report).regions[0]!.problems

describe('a region', () => {
  test('that uses the published policy is sound', async () => {
    expect(await check({})).toMatchObject({ sound: true, regions: [{ problems: [] }] })
  })

  test('that uses an older policy than its bucket holds is not sound', async () => {
    expect(await problemsOf(check({ policy: 2 }))).toMatchObject([
      {
        code: 'REGIONS_DIFFER',
        message: 'eu-west-1 still uses version 2 of the key policy; version 3 is published',
        remedy: expect.stringContaining('30 seconds'),
      },
    ])
  })

  test('that uses an older epoch than the fleet file is not sound', async () => {
    expect(await problemsOf(check({ receiptKeys: keys.slice(0, 1) }))).toMatchObject([
      { code: 'REGIONS_DIFFER', message: expect.stringContaining('epoch 1'), remedy: expect.any(String) },
    ])
  })

  test('whose bucket the caller may not read is judged by the function’s answer', async () => {
    expect((await check({ policy: 2 }, { readable: false })).sound).toBe(true)
  })
})
