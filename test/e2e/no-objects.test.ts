/** Runs over data that is not there, as a mistyped prefix or a pattern names it. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { packSigned } from '../../lib/author/pack-signed.ts'
import { createFleetClients, type FleetClients } from '../../lib/fleet/clients.ts'
import { type LocalFleet, startLocalFleet } from '../../lib/local/local-fleet.ts'
import { parseDataUri } from '../../lib/objects/data-uri.ts'
import { type RunOptions, run } from '../../lib/run/run.ts'
import { lander } from '../support/cli.ts'

const [US, EU] = ['us-east-1', 'eu-west-1'] as const

let dir: string
let local: LocalFleet
let clients: FleetClients

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'lander-empty-'))
  local = await startLocalFleet({ dir: join(dir, 'cloud'), regions: [US, EU], timeoutSeconds: 20 })
  clients = createFleetClients(local.fleet)
  const put = (region: string, Bucket: string, Key: string) =>
    clients.s3(region).send(new PutObjectCommand({ Bucket, Key, Body: 'a\nb\n' }))
  await local.cloud.createBucket(US, 'logs-us')
  await local.cloud.createBucket(EU, 'logs-eu')
  await put(US, 'logs-us', '2026/a.log')
  await put(US, 'logs-us', 'what*is?[this]/a.log')
  await put(EU, 'logs-eu', '2026-old/a.log')
  const count = 'let lines = 0; for await (const _ of here.lines()) lines++; return lines'
  await writeFile(join(dir, 'count.ts'), agentOf(count))
})

afterAll(async () => {
  clients[Symbol.dispose]()
  await local[Symbol.asyncDispose]()
  await rm(dir, { recursive: true, force: true })
})

const agentOf = (body: string) =>
  `import { agent, here, sum } from 'lander/agent'\nexport default agent(async () => { ${body} }, { merge: sum })\n`

async function runOver(data: readonly string[], options: Partial<RunOptions> = {}, agent = 'count.ts') {
  const { fleet, developer: sender } = local
  const { file } = await packSigned(join(dir, agent), sender, { scopes: data.map(parseDataUri) })
  return run({ fleet, clients, file, sender, place: 'data', ...options })
}

test.each([
  ['a mistyped prefix', 's3://logs-us/2062/', /whole segments/],
  ['a pattern', 's3://logs-us/2026/*.log', /no pattern is expanded/],
  ['a prefix that only begins like a folder', 's3://logs-eu/2026', /whole segments/],
])('%s is an error, not 0', async (_, uri, remedy) => {
  await expect(runOver([uri])).rejects.toMatchObject({
    code: 'NO_OBJECTS',
    message: `there are no objects under ${uri}`,
    remedy: expect.stringMatching(remedy),
  })
  expect(await runOver([uri], { allowEmpty: true })).toMatchObject({ outcome: 'completed', value: 0 })
})

test('it is an error of its region alone where others have objects, and their results are kept', async () => {
  const answer = await runOver(['s3://logs-us/2026/', 's3://logs-eu/2026/'])
  expect(answer).toMatchObject({
    outcome: 'failed',
    partial: 2,
    regions: [
      { region: US, landingResult: {} },
      { region: EU, error: { code: 'NO_OBJECTS' } },
    ],
    left: [{ region: EU, why: 'there are no objects under s3://logs-eu/2026/' }],
  })
  expect(answer).not.toHaveProperty('value')
})

test('a region with an object below one of its prefixes has data', async () => {
  expect(await runOver(['s3://logs-us/2062/', 's3://logs-us/2026/'])).toMatchObject({ outcome: 'completed', value: 2 })
})

test('an agent that opens none of the objects there are is believed', async () => {
  await writeFile(join(dir, 'idle.ts'), agentOf('return 7'))
  expect(await runOver(['s3://logs-us/2026/'], {}, 'idle.ts')).toMatchObject({ outcome: 'completed', value: 7 })
})

test('a key may have the characters of a pattern', async () => {
  expect(await runOver(['s3://logs-us/what*is?[this]/'])).toMatchObject({ outcome: 'completed', value: 2 })
})

test('one agent for all data needs an object in one of the regions', async () => {
  const once = { start: 'once', place: 'auto' } as const
  expect(await runOver(['s3://logs-us/2026/', 's3://logs-eu/2026/'], once)).toMatchObject({ outcome: 'completed' })
  await expect(runOver(['s3://logs-us/2062/', 's3://logs-eu/2026/'], once)).rejects.toMatchObject({
    code: 'NO_OBJECTS',
    message: 'there are no objects under s3://logs-us/2062/, s3://logs-eu/2026/',
  })
})

test('the command ends with 2, also before it sends a detached mission off', async () => {
  const env = { LANDER_HOME: join(dir, 'client') }
  const { fleet, developerKey } = local.files
  const args = ['run', 'count.ts', '--data', 's3://logs-us/2062/', '--fleet', fleet, '--key', developerKey, '--json']
  for (const more of [[], ['--detach']]) {
    const { status, json } = await lander([...args, ...more], { cwd: dir, env })
    expect([status, json.error.code]).toEqual([2, 'NO_OBJECTS'])
  }
  const meant = await lander([...args, '--allow-empty'], { cwd: dir, env })
  expect(meant).toMatchObject({ status: 0, json: { value: 0 } })
})
