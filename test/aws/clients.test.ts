/**
 * Tests the AWS calls that the local cloud does not implement, with an emulated AWS, which does not check session
 * policies.
 */

import { CreateFunctionCommand, GetFunctionConfigurationCommand, LambdaClient } from '@aws-sdk/client-lambda'
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { updateInlineSecret } from '../../lib/aws/inline-secret.ts'
import { secretReader } from '../../lib/aws/secret-reader.ts'
import { createManagedSecret } from '../../lib/aws/secret-store.ts'
import { createSessionBroker, type SessionCredentials, sessionOf } from '../../lib/aws/session-broker.ts'
import type { Fleet } from '../../lib/fleet/fleet-file.ts'
import { FORMAT_VERSION } from '../../lib/format-version.ts'
import { createMemoryStore } from '../../lib/objects/memory.ts'
import { rotateFleet } from '../../lib/operate/rotate.ts'
import { parseFleetSecret } from '../../lib/trust/fleet-secret.ts'
import { type Emulator, missingEmulator, startEmulator } from '../e2e/deploy/emulator.ts'

const region = 'eu-west-1'
const GENERATED = 'a1B2'.repeat(16)
const roleArn = 'arn:aws:iam::123456789012:role/lander-trial-broker'
/** The end record of a zip without entries: an empty zip. */
const EMPTY_ZIP = Uint8Array.from([0x50, 0x4b, 5, 6, ...new Array<number>(18).fill(0)])
const missing = missingEmulator()

describe.skipIf(missing)(`against an emulated AWS${missing ? ` (skipped: ${missing})` : ''}`, () => {
  let emulator: Emulator
  const former = { ...process.env }

  beforeAll(async () => {
    emulator = await startEmulator()
    Object.assign(process.env, emulator.env, { AWS_ENDPOINT_URL: emulator.endpoint })
    const target = 'secretsmanager.CreateSecret'
    const secret = { Name: 'lander/trial', SecretString: GENERATED, ClientRequestToken: 'x'.repeat(32) }
    const replicas = [{ Region: 'us-east-1' }]
    await emulator.call('secretsmanager', region, target, { ...secret, AddReplicaRegions: replicas })
  })
  afterAll(async () => {
    process.env = former
    await emulator?.[Symbol.asyncDispose]()
  })

  test('reads the function’s secret by its name', async () => {
    expect(await secretReader('lander/trial', { region })()).toBe(GENERATED)
    await expect(secretReader('lander/other', { region })()).rejects.toThrow()
  })

  test('opens a session for each run, named after its mission', async () => {
    let given: SessionCredentials | undefined
    const storeOf = (credentials: SessionCredentials) => {
      given = credentials
      return createMemoryStore()
    }
    const broker = createSessionBroker({ roleArn, region, storeOf })
    await broker({ mission: 'BwcHBwcHBwcHBwcHBwcHBw', scopes: [], wallMs: 60_000 })
    const sts = new STSClient({ region, credentials: given! })
    const { Arn } = await sts.send(new GetCallerIdentityCommand())
    expect(Arn).toBe('arn:aws:sts::123456789012:assumed-role/lander-trial-broker/lander-BwcHBwcHBwcHBwcHBwcHBw')
  })

  test('writes a rotated secret in its primary region, and keeps the previous epoch', async () => {
    const fleet: Fleet = { lander: FORMAT_VERSION, name: 'trial', rootKey: '', receiptKeys: [], regions: [] }
    // The replica names its primary region.
    const store = createManagedSecret({ name: 'lander/trial', region: 'us-east-1' })
    const rotation = await rotateFleet(fleet, { store, now: Date.now() })
    expect(rotation).toMatchObject({ epoch: 2, fleet: { receiptKeys: [{ epoch: 1 }, { epoch: 2 }] } })
    const { epochs } = parseFleetSecret(await secretReader('lander/trial', { region })())
    expect(epochs[0]?.key).toBe(parseFleetSecret(GENERATED).epochs[0]?.key)
    expect(epochs[1]?.epoch).toBe(2)
  })

  test('gives the new secret to isolated functions, which hold it in their environment, and to no others', async () => {
    const lambda = new LambdaClient({ region })
    const isolated = { LANDER_FLEET: 'trial', LANDER_FLEET_SECRET: GENERATED }
    await createFunction(lambda, 'isolated', isolated)
    await createFunction(lambda, 'open', { ...isolated, LANDER_FLEET_SECRET: 'lander/trial' })

    expect(await updateInlineSecret(lambda, 'isolated', '{"lander":1}')).toBe(true)
    expect(await updateInlineSecret(lambda, 'open', '{"lander":1}')).toBe(false)

    expect(await variablesOf(lambda, 'isolated')).toEqual({ ...isolated, LANDER_FLEET_SECRET: '{"lander":1}' })
    expect(await variablesOf(lambda, 'open')).toEqual({ ...isolated, LANDER_FLEET_SECRET: 'lander/trial' })
  })

  async function createFunction(lambda: LambdaClient, name: string, Variables: Record<string, string>) {
    const role = `Action=CreateRole&Version=2010-05-08&RoleName=${name}&AssumeRolePolicyDocument={}`
    const authorization = 'AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/iam/aws4_request, Signature=none'
    const headers = { authorization, 'content-type': 'application/x-www-form-urlencoded' }
    await fetch(emulator.endpoint, { method: 'POST', body: role, headers })
    await lambda.send(
      new CreateFunctionCommand({
        FunctionName: name,
        Role: `arn:aws:iam::123456789012:role/${name}`,
        Runtime: 'nodejs22.x',
        Handler: 'index.handler',
        Code: { ZipFile: EMPTY_ZIP },
        Environment: { Variables },
      }),
    )
  }

  async function variablesOf(lambda: LambdaClient, FunctionName: string) {
    const { Environment } = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName }))
    return Environment?.Variables
  }

  test('reports a missing secret with a remedy', async () => {
    const store = createManagedSecret({ name: 'lander/other', region })
    await expect(store.read()).rejects.toMatchObject({ code: 'SECRET_UNAVAILABLE', remedy: expect.any(String) })
  })
})

test('a session lives a little longer than its run, and at least as long as STS requires', () => {
  const run = { mission: 'm', scopes: [] }
  expect(sessionOf({ ...run, wallMs: 60_000 }, roleArn).DurationSeconds).toBe(900)
  expect(sessionOf({ ...run, wallMs: 900_000 }, roleArn).DurationSeconds).toBe(960)
})
