/** From a listing to a quote, a trial, a run as planned, its ceilings, and what is remembered of it; on real parts. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { packSigned } from '../../lib/author/pack-signed.ts'
import { openClient as openClientPlace } from '../../lib/client/open-client.ts'
import { CLIENT } from '../../lib/client-name.ts'
import { openInventory } from '../../lib/estimate/inventory.ts'
import { quoteRun } from '../../lib/estimate/quote.ts'
import { sampleAgent } from '../../lib/estimate/sampling.ts'
import { surveyData } from '../../lib/estimate/survey.ts'
import { createFleetClients, type FleetClients } from '../../lib/fleet/clients.ts'
import { readPolicy } from '../../lib/fleet/read-policy.ts'
import { type LocalFleet, startLocalFleet } from '../../lib/local/local-fleet.ts'
import { type ExecutePlanOptions, executePlan, type PlannedPart } from '../../lib/mission/execute-plan.ts'
import type { Scope } from '../../lib/scope.ts'
import { lander } from '../support/cli.ts'

const US = 'us-east-1'
const EU = 'eu-west-1'
const scope = (bucket: string, prefix = 'logs/'): Scope => ({ bucket, prefix, actions: ['read'] })
const LOGS = [scope('logs-us'), scope('logs-eu')]

const COUNT = `
import { agent, here } from 'lander/agent'
export default agent(async () => {
  let lines = 0
  for await (const _ of here.lines('logs/')) lines++
  return lines
}, { merge: (counts) => counts.reduce((a, b) => a + b, 0) })`

/** Counts, and does not come to an end in Europe. */
const STUCK_IN_EUROPE = COUNT.replace(
  'return lines',
  "if (here.region === 'eu-west-1') for (;;) await null\n  return lines",
)

const lines = (count: number) => 'a line of a log, as long as lines are\n'.repeat(count)

let dir: string
let local: LocalFleet
let clients: FleetClients

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'lander-plan-'))
  local = await startLocalFleet({ dir: join(dir, 'local'), regions: [US, EU], timeoutSeconds: 30 })
  clients = createFleetClients(local.fleet)
  for (const [region, bucket] of [
    [US, 'logs-us'],
    [EU, 'logs-eu'],
    [US, 'empty'],
    [US, 'lists'],
  ] as const)
    await local.cloud.createBucket(region, bucket)
  await put(US, 'logs-us', 'logs/large.log', lines(40_000))
  await put(US, 'logs-us', 'logs/small.log', lines(10))
  await put(US, 'logs-us', 'other/x.log', lines(5))
  await put(EU, 'logs-eu', 'logs/only.log', lines(20_000))
  await writeFile(join(dir, 'count.ts'), COUNT)
  await writeFile(join(dir, 'stuck.ts'), STUCK_IN_EUROPE)
})

afterAll(async () => {
  clients[Symbol.dispose]()
  await local[Symbol.asyncDispose]()
  await rm(dir, { recursive: true, force: true })
})

async function put(region: string, bucket: string, key: string, body: string | Uint8Array): Promise<void> {
  await clients.s3(region).send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body }))
}

const survey = (scopes: readonly Scope[] = LOGS) => surveyData({ scopes, fleet: local.fleet, clients })

const pack = (name = 'count.ts') => packSigned(join(dir, name), local.developer, { scopes: LOGS })

async function runIt(
  places: Readonly<Record<string, string>>,
  options: Partial<ExecutePlanOptions> = {},
  name?: string,
) {
  const { file } = await pack(name)
  const parts = [US, EU].map(
    (region, i): PlannedPart => ({ region, place: places[region]!, usd: 1e-5, scopes: [LOGS[i]!] }),
  )
  return executePlan({ fleet: local.fleet, clients, file, sender: local.developer, parts, ...options })
}

const LINE = 'a line of a log, as long as lines are\n'.length

describe('a survey', () => {
  test('counts the objects of the scopes by region, and nothing beside them', async () => {
    const { regions, bytes, objects, complete } = await survey()
    expect(regions.map(({ region, bytes: b, objects: n }) => [region, b, n])).toEqual([
      [US, 40_010 * LINE, 2],
      [EU, 20_000 * LINE, 1],
    ])
    expect({ bytes, objects, complete }).toEqual({ bytes: 60_010 * LINE, objects: 3, complete: true })
    expect(regions[0]!.largest[0]).toMatchObject({ key: 'logs/large.log' })
  })

  test('counts an object once that two scopes hold', async () => {
    expect((await survey([scope('logs-us', ''), scope('logs-us')])).objects).toBe(3)
  })

  test('stops at the most it may count, and says so', async () => {
    const cut = await surveyData({ scopes: LOGS, fleet: local.fleet, clients, maxObjects: 1 })
    expect(cut).toMatchObject({ objects: 2, complete: false })
  })

  test('of a bucket without objects is empty', async () => {
    expect(await survey([scope('empty', '')])).toMatchObject({ bytes: 0, objects: 0 })
  })

  test('of a bucket that may not be listed names the permission, and the way around it', async () => {
    const server = createServer((request, response) => {
      response.setHeader('x-amz-bucket-region', US)
      response.writeHead(request.method === 'HEAD' ? 200 : 403, { 'content-type': 'application/xml' })
      response.end(request.method === 'HEAD' ? '' : '<Error><Code>AccessDenied</Code><Message>no</Message></Error>')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const fleet = { ...local.fleet, endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
    using closed = createFleetClients(fleet)
    const listing = surveyData({ scopes: [scope('closed', '')], fleet, clients: closed })
    await expect(listing).rejects.toMatchObject({
      code: 'OBJECT_FORBIDDEN',
      message: expect.stringContaining('"closed"'),
      remedy: expect.stringMatching(/s3:ListBucket on arn:aws:s3:::closed.*--inventory/),
    })
    server.close()
  })
})

describe('an inventory', () => {
  const manifest = (fileSchema: string, fileFormat = 'CSV') =>
    JSON.stringify({
      sourceBucket: 'logs-us',
      destinationBucket: 'arn:aws:s3:::lists',
      version: '2016-11-30',
      creationTimestamp: '1767225600000',
      fileFormat,
      fileSchema,
      files: [{ key: 'data/1.csv.gz', size: 1, MD5checksum: 'x' }],
    })
  const open = () => openInventory('s3://lists/manifest.json', local.fleet, clients)

  test('stands for a listing: keys are decoded, versions that are gone don’t count', async () => {
    const rows = [
      '"logs-us","logs/a+b%C3%A9.log","100","true","false"',
      '"logs-us","logs/old.log","1000","false","false"',
      '"logs-us","logs/gone.log","","true","true"',
      '"logs-us","other/x.log","7","true","false"',
    ]
    await put(US, 'lists', 'data/1.csv.gz', gzipSync(`${rows.join('\n')}\n`))
    await put(US, 'lists', 'manifest.json', manifest('Bucket, Key, Size, IsLatest, IsDeleteMarker'))
    const inventories = [await open()]
    expect(inventories[0]!.madeAt).toEqual(new Date('2026-01-01'))
    const counted = await surveyData({ scopes: [LOGS[0]!], fleet: local.fleet, clients, inventories })
    expect(counted).toMatchObject({ bytes: 100, objects: 1 })
    expect(counted.regions[0]!.largest[0]!.key).toBe('logs/a bé.log')
  })

  test.each([
    ['in Parquet', manifest('Bucket, Key, Size', 'Parquet'), /Parquet/],
    ['without sizes', manifest('Bucket, Key'), /no column Bucket, Key or Size/],
    ['that is none', '{"hello": 1}', /can't be used as an S3 Inventory/],
  ])('%s is refused', async (_, text, message) => {
    await put(US, 'lists', 'manifest.json', text)
    await expect(open()).rejects.toMatchObject({
      code: 'OBJECT_FORMAT_INVALID',
      message: expect.stringMatching(message),
    })
  })
})

describe('a trial', () => {
  test('reads heads only, where the data lies, and teaches rate, start and result', async () => {
    const { file, manifest } = await pack()
    const openClient = async () =>
      openClientPlace({ fleet: 'local', policy: await readPolicy(local.fleet, clients, Date.now()) })
    const mission = { fleet: local.fleet, clients, file, sender: local.developer }
    const counted = await survey()
    const sample = await sampleAgent({
      mission,
      survey: counted,
      openClient,
      bounds: { trialBytes: 2 ** 20, trialSeconds: 9, wallSeconds: 9 },
    })
    expect(sample.client?.mergeSeconds).toBeGreaterThan(0)
    for (const { trials, learned, problem } of sample.regions) {
      expect(problem).toBeUndefined()
      expect(trials[0]!.bytes).toBeLessThanOrEqual(256 * 1024)
      expect(trials[0]!.bytes).toBeGreaterThan(100 * 1024)
      expect(learned!.bytesPerSecond.value).toBeGreaterThan(0)
    }
    const quote = quoteRun({ fleet: local.fleet, manifest, survey: counted, sample, agentBytes: file.length })
    expect(quote).toMatchObject({ basis: 'sampled', plan: { feasible: true } })
  })

  test('of an agent that fails says why, and the quote goes on without', async () => {
    await writeFile(
      join(dir, 'fails.ts'),
      "import { agent } from 'lander/agent'\nexport default agent(() => { throw new Error('not today') })",
    )
    const { file, manifest } = await pack('fails.ts')
    const mission = { fleet: local.fleet, clients, file, sender: local.developer }
    const counted = await survey()
    const sample = await sampleAgent({ mission, survey: counted })
    expect(sample.regions[0]).toMatchObject({ trials: [], problem: expect.stringMatching(/not today/) })
    const { basis, notes } = quoteRun({
      fleet: local.fleet,
      manifest,
      survey: counted,
      sample,
      agentBytes: file.length,
    })
    expect(basis).toBe('assumed')
    expect(notes.join()).toMatch(/trial run in us-east-1 failed: .*not today/)
  })
})

describe('a run as planned', () => {
  test.each([
    ['where the data lies', { [US]: US, [EU]: EU }],
    ['at home', { [US]: CLIENT, [EU]: CLIENT }],
    ['some here, some there', { [US]: US, [EU]: CLIENT }],
  ])('gives the same answer %s', async (_, places) => {
    const { outcome, value, left, usage, regions } = await runIt(places)
    expect({ outcome, value, left }).toEqual({ outcome: 'completed', value: 60_010, left: [] })
    expect(usage.bytesRead).toBe(60_010 * LINE)
    expect(regions.map(({ region, place }) => [region, place])).toEqual(Object.entries(places))
  })

  test('stops at its time, keeps what is done and says what is left', async () => {
    const { outcome, value, partial, left } = await runIt({ [US]: US, [EU]: EU }, { maxSeconds: 8 }, 'stuck.ts')
    expect({ outcome, value, partial }).toEqual({ outcome: 'stopped', value: undefined, partial: 40_010 })
    expect(left).toEqual([{ region: EU, scopes: [LOGS[1]], why: expect.any(String) }])
  })

  test('starts what fits the money, and says what does not', async () => {
    const { outcome, partial, left } = await runIt({ [US]: CLIENT, [EU]: CLIENT }, { maxUsd: 1.5e-5 })
    expect({ outcome, partial }).toEqual({ outcome: 'stopped', partial: 40_010 })
    expect(left).toEqual([{ region: EU, scopes: [LOGS[1]], why: expect.stringMatching(/^not started: at about \$/) }])
  })

  test('starts nothing that costs more than there is', async () => {
    const { outcome, usage, left } = await runIt({ [US]: US, [EU]: EU }, { maxUsd: 1e-9 })
    expect(outcome).toBe('stopped')
    expect(usage.bytesRead).toBe(0)
    expect(left).toHaveLength(2)
  })
})

describe('the commands', () => {
  const command = (...args: string[]) => lander(args, { cwd: dir, env: { LANDER_HOME: dir } })
  const DATA = ['--data', 's3://logs-us/logs/', 's3://logs-eu/logs/']

  test('lander plan decides in words and as JSON', async () => {
    const { status, stdout } = await command('plan', 'count.ts', ...DATA)
    expect(status).toBe(0)
    expect(stdout).toMatch(/^Decision: the agent moves to us-east-1, eu-west-1\./)
    expect(stdout).toMatch(/List prices of \d{4}-\d{2}-\d{2}/)
    const { json } = await command('plan', 'count.ts', ...DATA, '--sample', '--json')
    expect(json).toMatchObject({ basis: 'sampled', plan: { feasible: true, alternatives: expect.any(Array) } })
    expect(json.seconds.low).toBeLessThanOrEqual(json.seconds.value)
  })

  test('lander run remembers, and lander plan --accuracy tells', async () => {
    const run = await command('run', 'count.ts', ...DATA, '--json')
    expect(run.json).toMatchObject({ outcome: 'completed', value: 60_010, left: [] })
    expect((await command('run', 'count.ts', ...DATA, '--place', 'client', '--json')).json.value).toBe(60_010)
    const { json } = await command('plan', '--accuracy', '--json')
    expect(json.seconds.runs).toBe(2)
  })

  test('lander plan ends with 1 for a deadline nobody can keep, and with 2 where there is no data', async () => {
    const late = await command('plan', 'count.ts', ...DATA, '--deadline', '0.001', '--json')
    expect([late.status, late.json.plan.feasible]).toEqual([1, false])
    const empty = await command('plan', 'count.ts', '--data', 's3://empty/', '--json')
    expect([empty.status, empty.json.error.code]).toEqual([2, 'PROBLEM_INVALID'])
  })

  test('lander run prints what is done, and what is left', async () => {
    const { status, stdout, stderr } = await command('run', 'count.ts', ...DATA, '--max-usd', '1e-12')
    expect([status, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(/us-east-1 LIMIT_REACHED: not started/)
    expect(stderr).toMatch(/left to do: us-east-1, s3:\/\/logs-us\/logs\/$/m)
  })

  test.each([
    ['--max-usd', '0'],
    ['--max-seconds', 'soon'],
    ['--place', 'moon'],
    ['--line', '50'],
    ['--near', 'atlantis-1'],
  ])('%s %s is refused', async (option, value) => {
    expect((await command('run', 'count.ts', ...DATA, option, value)).status).toBe(2)
  })
})
