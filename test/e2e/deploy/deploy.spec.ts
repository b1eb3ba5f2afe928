/**
 * One deployment from a clean account to nothing left, with the CDK's own CLI and an emulated AWS: what docs/deploy.md
 * says, in its order. The steps build on each other.
 */
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { LambdaClient, ListFunctionsCommand } from '@aws-sdk/client-lambda'
import {
  DeleteObjectsCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { packSigned } from '../../../lib/author/pack-signed.ts'
import { type DeployedFleet, parseOutputs } from '../../../lib/config/index.ts'
import { toBase64url } from '../../../lib/encoding/base64url.ts'
import { publicReceiptKeys, receiptTrustOf } from '../../../lib/fleet/receipt-keys.ts'
import { publishPolicy } from '../../../lib/operate/publish-policy.ts'
import { run } from '../../../lib/run/run.ts'
import { parseFleetSecret } from '../../../lib/trust/fleet-secret.ts'
import { createGrant, createPolicy, withGrant } from '../../../lib/trust/grant.ts'
import { generateKey } from '../../../lib/trust/keys.ts'
import { signPolicy } from '../../../lib/trust/policy.ts'
import { verifyReceipt } from '../../../lib/trust/receipt.ts'
import { type CdkResult, runCdk } from './cdk-cli.ts'
import { runDeployedFleet } from './deployed-fleet.ts'
import { takeBack } from './deployed-function.ts'
import { type Emulator, missingEmulator, startEmulator } from './emulator.ts'

const ACCOUNT = '123456789012'
const REGIONS = ['us-east-1', 'eu-west-1']
const FUNCTION = 'lander-trial-data-locality'
const RELAY = 'lander-trial-relay'
const COMPILER = 'lander-trial-compiler'
const FUNCTIONS = [COMPILER, FUNCTION, RELAY]
const DATA = REGIONS.map((region) => ({ bucket: `trial-logs-${region}`, region, prefixes: ['logs/'] }))
const missing = missingEmulator()

describe.skipIf(missing)(`a fleet in two regions${missing ? ` (skipped: ${missing})` : ''}`, () => {
  const root = generateKey()
  const developer = generateKey()
  const config = { fleet: 'trial', regions: REGIONS, rootKey: toBase64url(root.publicKey), data: DATA }
  let emulator: Emulator
  let folder: string
  let deployed: DeployedFleet

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lander-deploy-'))
    emulator = await startEmulator()
  })
  afterAll(async () => {
    await emulator?.[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  })

  const configPath = () => join(folder, 'lander.config.json')
  const configure = (changes: object = {}) => writeFile(configPath(), JSON.stringify({ ...config, ...changes }))
  const outputsPath = () => join(folder, 'outputs.json')
  const assembly = () => join(folder, 'cdk.out')
  const synthesise = () =>
    runCdk(['synth', '--quiet', '-c', `config=${configPath()}`, '--output', assembly()], emulator)
  /** From what was synthesised, so that the app is not built and run anew for each step. */
  const cdk = (...args: string[]) => runCdk([...args, '--app', assembly(), '--build', ''], emulator)
  const DEPLOY = ['deploy', '--all', '--require-approval', 'never', '--method', 'direct']
  const deploy = async () => {
    const result = succeeded(await cdk(...DEPLOY, '--outputs-file', outputsPath()))
    deployed = parseOutputs(JSON.parse(await readFile(outputsPath(), 'utf8')))
    return result
  }

  test('it is synthesised with the function as it is built', async () => {
    await configure()
    succeeded(await synthesise())
  })

  test.each(REGIONS)('the template of %s says where its code is, as SAM wants to know', async (region) => {
    const template = JSON.parse(await readFile(join(assembly(), `lander-trial-${region}.template.json`), 'utf8'))
    const functions = Object.values<Resource>(template.Resources).filter(({ Type }) => Type === 'AWS::Lambda::Function')
    const paths = functions.map(({ Metadata }) => join(assembly(), Metadata['aws:asset:path']!))
    expect(paths).toHaveLength(FUNCTIONS.length)
    for (const path of paths) expect(await readdir(path)).toContain('index.mjs')
  })

  test('its regions are bootstrapped', async () => {
    succeeded(await cdk('bootstrap', ...REGIONS.map((region) => `aws://${ACCOUNT}/${region}`)))
  })

  test('a deployment that is cut off after the first region leaves the second one undone', async () => {
    const args = [...DEPLOY, '--app', assembly(), '--build', '']
    const { status } = await runCdk(args, { env: emulator.env, killAt: '✅  lander-trial-us-east-1' })
    expect(status).toBeNull()
    expect((await functionNames('us-east-1')).toSorted()).toEqual(FUNCTIONS)
    expect(await functionNames('eu-west-1')).toEqual([])
  })

  test('the same command again finishes it, and writes what a fleet is imported from', async () => {
    await deploy()
    expect(deployed).toEqual({
      name: 'trial',
      rootKey: config.rootKey,
      regions: REGIONS.toSorted().map((region) => ({
        region,
        functionName: FUNCTION,
        relayName: RELAY,
        agentBucket: expect.stringMatching(new RegExp(`^lander-trial-${region}-agents`)),
      })),
    })
  })

  test('a deployment without changes changes nothing', async () => {
    const { output } = await deploy()
    expect(output.match(/no changes/g)).toHaveLength(REGIONS.length)
  })

  test.each(REGIONS)('the code in %s is the code that was built', async (region) => {
    const { codeSha256, codeDir, configuration } = await takeBack(region, FUNCTION, { emulator, into: folder })
    expect(configuration.CodeSha256).toBe(codeSha256)
    const built = await builtAsset('executor.mjs')
    const files = (await readdir(built)).toSorted()
    expect((await readdir(codeDir)).toSorted()).toEqual(files)
    for (const file of files) expect(await sameBytes(join(codeDir, file), join(built, file)), file).toBe(true)
  })

  test.each(REGIONS)('the function in %s has its environment and its size', async (region) => {
    const { configuration } = await takeBack(region, FUNCTION, { emulator, into: folder })
    expect(configuration).toMatchObject({
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      Handler: 'index.handler',
      MemorySize: 1769,
      Timeout: 300,
    })
    expect(configuration.Environment?.Variables).toEqual({
      LANDER_FLEET: 'trial',
      LANDER_AGENT_BUCKET: agentBucketIn(region),
      LANDER_FLEET_SECRET: 'lander/trial',
      LANDER_ROOT_KEY: config.rootKey,
      LANDER_COMPILER: COMPILER,
    })
  })

  test('both regions have the one secret of the fleet', async () => {
    const values = await Promise.all(REGIONS.map(secretIn))
    expect(values[0]).toMatch(/^[A-Za-z0-9]{64}$/)
    expect(values[1] === values[0]).toBe(true)
  })

  test('an agent runs on the deployed code, in the deployed environment, and every region signs a receipt', async () => {
    const receiptKeys = publicReceiptKeys(parseFleetSecret(await secretIn('us-east-1')), 'trial')
    await using running = await runDeployedFleet({ deployed, receiptKeys, emulator, dir: folder })
    const { fleet, clients } = running
    for (const { region, bucket } of DATA)
      await running.put(region, bucket, 'logs/day.txt', `fine\nERROR in ${region}\n`)
    await publishPolicy(signPolicy(trusting(developer.publicKey), root), fleet, clients)

    const scopes = DATA.map(({ bucket }) => ({ bucket, prefix: 'logs/', actions: ['read'] as const }))
    const { file, digest } = await packSigned(join(import.meta.dirname, 'count-errors.ts'), developer, { scopes })
    const answer = await run({ fleet, clients, file, sender: developer, input: { word: 'ERROR' } })

    expect(answer.regions.map(({ error }) => error)).toEqual([undefined, undefined])
    expect(answer).toMatchObject({ outcome: 'completed', value: 2 })
    const receipts = answer.regions.map(
      ({ landingResult }) => verifyReceipt(landingResult!.receipt, receiptTrustOf(fleet)).receipt,
    )
    expect(receipts.map(({ region }) => region)).toEqual(answer.regions.map(({ region }) => region))
    for (const receipt of receipts)
      expect(receipt).toMatchObject({ fleet: 'trial', manifest: digest, outcome: 'completed' })
  })

  test('a changed configuration updates the functions and keeps their agent buckets', async () => {
    const before = deployed
    const rootKey = toBase64url(generateKey().publicKey)
    await configure({ rootKey, limits: { memoryMb: 3008 } })
    succeeded(await synthesise())
    await deploy()
    expect(deployed).toEqual({ ...before, rootKey })
    for (const region of REGIONS) {
      const { configuration } = await takeBack(region, FUNCTION, { emulator, into: folder })
      expect(configuration.MemorySize).toBe(3008)
      expect(configuration.Environment?.Variables?.LANDER_ROOT_KEY).toBe(rootKey)
    }
  })

  test('a wrong configuration is refused before anything is deployed', async () => {
    await configure({ regions: ['eu-wst-1'] })
    const { status, output } = await synthesise()
    expect(status).not.toBe(0)
    expect(output).toContain('regions[0] is "eu-wst-1"')
  })

  test('destroyed, it leaves nothing', async () => {
    for (const { region, agentBucket } of deployed.regions) await empty(region, agentBucket)
    succeeded(await cdk('destroy', '--all', '--force'))
    for (const region of REGIONS) {
      expect(await functionNames(region)).toEqual([])
      const { logGroups } = await emulator.call('logs', region, 'Logs_20140328.DescribeLogGroups')
      expect(logGroups).toEqual([])
    }
    const { Buckets = [] } = await withS3('us-east-1', (s3) => s3.send(new ListBucketsCommand({})))
    expect(Buckets.map(({ Name }) => Name).filter((name) => !name?.startsWith('cdk-'))).toEqual([])
    // The emulated CloudFormation deletes no secrets; that it is told to is checked in test/cdk/region-stack.test.ts.
    expect(existsSync('cdk.context.json')).toBe(false)
  })

  // Last, and never destroyed: the emulated CloudFormation can't take a network down again. Nor does it resolve the
  // reference to the secret, so no agent runs here.
  test('an isolated fleet is deployed into a network of its own', async () => {
    await configure({ fleet: 'closed', regions: ['us-east-1'], data: [], network: 'isolated' })
    succeeded(await synthesise())
    await deploy()
    const { configuration } = await takeBack('us-east-1', 'lander-closed-data-locality', { emulator, into: folder })
    expect(configuration.VpcConfig?.SubnetIds).toHaveLength(2)
    expect(configuration.VpcConfig?.SecurityGroupIds).toHaveLength(1)
  })

  /** The folder of the asset that has this file. */
  async function builtAsset(file: string): Promise<string> {
    const assets = (await readdir(assembly())).filter((name) => name.startsWith('asset.'))
    return join(assembly(), assets.find((name) => existsSync(join(assembly(), name, file)))!)
  }

  const agentBucketIn = (region: string) => deployed.regions.find((place) => place.region === region)?.agentBucket
  const trusting = (publicKey: Uint8Array) => {
    const now = Date.now()
    return withGrant(createPolicy('trial', now), createGrant(publicKey, 'trial', { name: 'developer', now }), now)
  }

  async function secretIn(region: string): Promise<string> {
    const request = { SecretId: 'lander/trial' }
    const { SecretString } = await emulator.call('secretsmanager', region, 'secretsmanager.GetSecretValue', request)
    return SecretString as string
  }

  async function functionNames(region: string): Promise<(string | undefined)[]> {
    const lambda = new LambdaClient({ region, endpoint: emulator.endpoint, credentials: TEST_CREDENTIALS })
    const { Functions = [] } = await lambda.send(new ListFunctionsCommand({}))
    lambda.destroy()
    return Functions.map(({ FunctionName }) => FunctionName)
  }

  /** `aws s3 rm --recursive`: S3 deletes no bucket that holds something. */
  function empty(region: string, bucket: string): Promise<void> {
    return withS3(region, async (s3) => {
      await s3.send(new PutObjectCommand({ Bucket: bucket, Key: 'agents/left-over', Body: 'x' }))
      const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: bucket }))
      const objects = Contents.map(({ Key }) => ({ Key }))
      await s3.send(new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects: objects } }))
    })
  }

  async function withS3<T>(region: string, use: (s3: S3Client) => Promise<T>): Promise<T> {
    const s3 = new S3Client({ region, endpoint: emulator.endpoint, credentials: TEST_CREDENTIALS })
    try {
      return await use(s3)
    } finally {
      s3.destroy()
    }
  }
})

interface Resource {
  readonly Type: string
  readonly Metadata: Readonly<Record<string, string>>
}

const TEST_CREDENTIALS = { accessKeyId: 'test', secretAccessKey: 'test' }

async function sameBytes(one: string, other: string): Promise<boolean> {
  return (await readFile(one)).equals(await readFile(other))
}

function succeeded(result: CdkResult): CdkResult {
  expect(result.status, result.output).toBe(0)
  return result
}
