/** The commands of an operator, each in a process of its own, against a fleet on a local cloud. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { toBase64url } from '../../lib/encoding/base64url.ts'
import { createFleetClients, type FleetClients } from '../../lib/fleet/clients.ts'
import { readFleetFile, writeFleetFile } from '../../lib/fleet/fleet-file.ts'
import { type LocalFleet, startLocalFleet } from '../../lib/local/local-fleet.ts'
import { writeKeyFiles } from '../../lib/trust/key-files.ts'
import { generateKey } from '../../lib/trust/keys.ts'
import { lander } from '../support/cli.ts'

const US = 'us-east-1'
const EU = 'eu-west-1'

const COUNT = `import { agent, here } from 'lander/agent'
export default agent(async () => {
  let lines = 0
  for await (const _ of here.lines('2026/')) lines++
  return lines
})`

let dir: string
let local: LocalFleet
let clients: FleetClients
let env: Record<string, string>

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'lander-cli-'))
  local = await startLocalFleet({ dir: join(dir, 'home/local'), regions: [US, EU], timeoutSeconds: 20 })
  clients = createFleetClients(local.fleet)
  await local.cloud.createBucket(EU, 'logs-eu')
  await clients.s3(EU).send(new PutObjectCommand({ Bucket: 'logs-eu', Key: '2026/a.log', Body: 'a\nb\n' }))
  await writeFile(join(dir, 'agent.ts'), COUNT)
  env = {
    LANDER_HOME: join(dir, 'home'),
    AWS_ENDPOINT_URL: local.cloud.endpoint,
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
  }
})
afterAll(async () => {
  clients[Symbol.dispose]()
  await local[Symbol.asyncDispose]()
  await rm(dir, { recursive: true, force: true })
})

const run = (...args: string[]) => lander(args, { cwd: dir, env })

describe('lander receipt', () => {
  test('verifies what lander run wrote, without a network, and refuses it with one byte altered', async () => {
    const answer = await run('run', 'agent.ts', '--data', 's3://logs-eu/2026/', '--receipts', 'receipts', '--json')
    expect(answer.json.outcome).toBe('completed')
    const path = join(dir, 'receipts', `${answer.json.mission}-${EU}-0.json`)

    const nowhere = { ...env, AWS_ENDPOINT_URL: 'http://127.0.0.1:9' }
    const verified = await lander(['receipt', 'verify', path, '--json'], { cwd: dir, env: nowhere })
    expect(verified).toMatchObject({ status: 0, json: { verified: true } })
    expect(verified.json.receipts[0].receipt).toMatchObject({ region: EU, outcome: 'completed' })

    const text = await readFile(path, 'utf8')
    const spoilt = join(dir, 'spoilt.json')
    const at = text.indexOf('"payload":"') + 100
    await writeFile(spoilt, text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1))
    const refused = await run('receipt', 'verify', spoilt, '--json')
    expect(refused).toMatchObject({ status: 3, json: { error: { code: 'SIGNATURE_INVALID' } } })
  })

  test('refuses what is no receipt', async () => {
    await writeFile(join(dir, 'no.json'), '{')
    expect((await run('receipt', 'verify', 'no.json', '--json')).json.error.code).toBe('RECEIPT_MALFORMED')
    expect((await run('receipt', 'verify', 'none.json', '--json')).json.error.code).toBe('FILE_NOT_FOUND')
  })
})

describe('lander trust', () => {
  test('adds a key with what it may do, publishes it, lists it and revokes it', async () => {
    const key = generateKey()
    await writeKeyFiles(join(dir, 'alice.key'), key)
    const narrowed = ['--name', 'alice', '--regions', EU, '--data', 's3://logs-eu/2026/', '--role', 'author']
    const added = await run(
      'trust',
      'add',
      'alice.key.pub',
      ...narrowed,
      '--limit',
      'wallMs=1000',
      '--until',
      '90d',
      '--json',
    )
    expect(added.json).toMatchObject({ version: 3 })

    const listed = await run('trust', 'list', '--json')
    expect(listed.json.keys.find(({ keyId }: { keyId: string }) => keyId === key.keyId)).toMatchObject({
      name: 'alice',
      status: 'active',
      roles: ['author'],
      regions: [EU],
      scopes: [{ bucket: 'logs-eu', prefix: '2026/' }],
      limits: { wallMs: 1000 },
      publicKey: toBase64url(key.publicKey),
    })

    expect((await run('trust', 'publish', '--json')).json).toEqual({ version: 3, regions: [US, EU] })

    const older = await readFile(local.files.policy)
    const revoked = await run('trust', 'revoke', key.keyId, '--publish', '--json')
    expect(revoked.json).toMatchObject({ version: 4 })
    expect(revoked.json.keys.find(({ keyId }: { keyId: string }) => keyId === key.keyId).status).toBe('revoked')

    await writeFile(join(dir, 'older.json'), older)
    const refused = await run('trust', 'publish', '--policy', 'older.json', '--json')
    expect(refused).toMatchObject({ status: 3, json: { error: { code: 'REPLAYED' } } })
    expect(refused.json.error.message).toBe('us-east-1 has version 4 of the key policy, not 3')
  })

  test('refuses what it can not do, each with its reason', async () => {
    await writeKeyFiles(join(dir, 'bob.key'), generateKey())
    const refused: [string[], string][] = [
      [['add', 'bob.key'], 'KEY_FILE_INVALID'],
      [['add', 'bob.key.pub', '--regions', 'us-west-2'], 'REGION_UNKNOWN'],
      [['add', 'bob.key.pub', '--until', '2001-01-01'], 'USAGE'],
      [['add', 'bob.key.pub', '--root', 'bob.key'], 'KEY_FILE_INVALID'],
      [['revoke', 'nobody'], 'USAGE'],
      [['list', '--policy', 'none.json'], 'FILE_NOT_FOUND'],
    ]
    const answers = await Promise.all(refused.map(([args]) => run('trust', ...args, '--json')))
    expect(answers.map(({ json }) => json.error.code)).toEqual(refused.map(([, code]) => code))
    expect(answers.every(({ json }) => json.error.remedy.length > 0)).toBe(true)
  })
})

describe('lander fleet', () => {
  test('imports a deployment, and says what of it can not be reached', async () => {
    const { rootKey, regions } = local.fleet
    const stacks = regions.map(({ region, functionName, agentBucket, relayName }) => [
      `lander-local-${region}`,
      {
        Fleet: 'local',
        Region: region,
        AgentBucket: agentBucket,
        FunctionName: functionName,
        FunctionArn: 'arn',
        RelayName: relayName,
        RootKey: rootKey,
      },
    ])
    await writeFile(join(dir, 'outputs.json'), JSON.stringify(Object.fromEntries(stacks)))
    await run('fleet', 'import', 'outputs.json', '--out', 'fleet.json', '--json')
    // A warm function may not have taken up yet what was published above.
    const check = async () => (await run('fleet', 'check', '--fleet', 'fleet.json', '--json')).json.sound
    await expect.poll(check, { timeout: 90_000, interval: 2000 }).toBe(true)
    const { receiptKeys } = await readFleetFile(local.files.fleet)
    const { endpoint: _, credentials: __, ...fleet } = local.fleet
    const sorted = fleet.regions.toSorted((a, b) => (a.region < b.region ? -1 : 1))
    expect(await readFleetFile(join(dir, 'fleet.json'))).toEqual({ ...fleet, receiptKeys, regions: sorted })

    const other = await run('fleet', 'import', 'agent.ts', '--out', 'fleet.json', '--json')
    expect(other.json.error.code).toBe('CONFIG_INVALID')
    await writeFleetFile(join(dir, 'other.json'), { ...fleet, name: 'other' })
    const foreign = await run('fleet', 'import', 'outputs.json', '--out', 'other.json', '--json')
    expect(foreign.json.error.code).toBe('FILE_EXISTS')
  })

  test('checks the buckets of the configuration', async () => {
    const config = { fleet: 'local', regions: [US, EU], data: [{ bucket: 'logs-eu', region: US }] }
    await writeFile(join(dir, 'lander.config.json'), JSON.stringify(config))
    const checked = await run('fleet', 'check')
    expect(checked.status).toBe(4)
    expect(checked.stdout).toContain(
      'BUCKET_ELSEWHERE: bucket "logs-eu" is in eu-west-1, but the configuration says us-east-1',
    )
    await rm(join(dir, 'lander.config.json'))
  })

  test('rotates the secret once, and not again while agents may be on their way, unless it must', async () => {
    const rotated = await run('fleet', 'rotate', '--json')
    expect(rotated.json).toMatchObject({ epoch: 2, formerUntil: expect.any(Number), updated: [] })
    expect((await run('fleet', 'rotate', '--json')).json.error).toMatchObject({ code: 'USAGE' })
    expect((await run('fleet', 'rotate', '--immediately', '--json')).json).toMatchObject({
      epoch: 3,
      formerUntil: null,
    })
    expect((await readFleetFile(local.files.fleet)).receiptKeys.map(({ epoch }) => epoch)).toEqual([1, 2, 3])
  })
})

describe('lander init', () => {
  test('writes a configuration with the region of every bucket, and makes a root key', async () => {
    const written = await run('init', '--name', 'sales', '--data', 's3://logs-eu/2026/', '--regions', US, '--json')
    expect(written.json.config).toMatchObject({
      fleet: 'sales',
      regions: [EU, US],
      data: [{ bucket: 'logs-eu', region: EU, prefixes: ['2026/'] }],
      rootKey: expect.stringMatching(/^[\w-]{43}$/),
    })
    expect(JSON.parse(await readFile(join(dir, 'lander.config.json'), 'utf8'))).toEqual(written.json.config)
    expect((await run('init', '--name', 'sales', '--json')).json.error.code).toBe('FILE_EXISTS')
  })

  test('without a terminal names the option for what nobody said', async () => {
    const silent = await run('init', '--out', 'new.json', '--json')
    expect(silent).toMatchObject({ status: 2, json: { error: { code: 'USAGE', remedy: 'give it with --name NAME' } } })
  })

  test('finds a bucket that is not there, and a name that is none, before it writes anything', async () => {
    const missing = await run('init', '--name', 'sales', '--data', 's3://logs-none/', '--out', 'a/new.json', '--json')
    expect(missing.json.error.code).toBe('BUCKET_NOT_FOUND')
    const named = await run('init', '--name', 'Sales!', '--data', 's3://logs-eu/', '--out', 'a/new.json', '--json')
    expect(named.json.error.code).toBe('CONFIG_INVALID')
    await expect(readFile(join(dir, 'a/root.key'))).rejects.toThrow()
  })
})
