/** The agents of docs/*.md, packed as they stand there, and run in a local fleet. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { packSigned } from '../../lib/author/pack-signed.ts'
import type { Json } from '../../lib/encoding/json.ts'
import { createFleetClients, type FleetClients } from '../../lib/fleet/clients.ts'
import { type LocalFleet, startLocalFleet } from '../../lib/local/local-fleet.ts'
import { run } from '../../lib/run/run.ts'
import { isAgent, readSamples } from '../support/samples.ts'

const REGIONS = ['us-east-1', 'eu-west-1'] as const

interface Page {
  /** What lies where while the page’s agents run. A page with one region's objects runs in that region alone. */
  readonly objects: Partial<Record<(typeof REGIONS)[number], Readonly<Record<string, string>>>>
  /** Its agents, in order. */
  readonly agents: readonly { readonly input?: Json; readonly start?: 'once'; readonly value: Json }[]
}

const PAGES: Readonly<Record<string, Page>> = {
  'docs/agent-api.md': {
    objects: {
      'eu-west-1': {
        'logs/a.log': 'ERROR one\nfine\n',
        'logs/b.log': 'ERROR two\n',
        'flights/1.csv': 'date,origin,delay\n1,SEA,3\n2,NRT,\n3,SEA,-1\n',
      },
    },
    agents: [
      { input: { word: 'ERROR' }, value: 2 },
      { value: { 'logs/a.log': 15, 'logs/b.log': 10 } },
      { value: 2 },
      { value: { SEA: { count: 2, sum: 2 }, NRT: { count: 1, sum: null } } },
      {
        value: [
          ['SEA', 2],
          ['NRT', 1],
        ],
      },
      { value: 3 },
      { value: 9 },
      { value: {} },
    ],
  },
  'docs/kernels.md': {
    objects: { 'eu-west-1': { '2026/a.log': 'one\ntwo\n', '2026/b.log': 'three\n' } },
    agents: [{ value: [3, 832040] }],
  },
  'docs/mobility.md': {
    objects: { 'us-east-1': { '2026/1.txt': '1\n2\n' }, 'eu-west-1': { '2026/2.txt': '3\n6\n' } },
    agents: [
      { start: 'once', value: 3 },
      { start: 'once', input: { word: '' }, value: 4 },
    ],
  },
}

/** Pages that tests of their own follow from top to bottom. */
const FOLLOWED = ['README.md', 'docs/guide.md']

const samples = (await readSamples()).filter(({ doc }) => !FOLLOWED.includes(doc))
const agents = samples.filter(isAgent).map((sample) => {
  const index = samples.filter((other) => isAgent(other) && other.doc === sample.doc).indexOf(sample)
  return { ...sample, expected: PAGES[sample.doc]?.agents[index] }
})

let dir: string
let local: LocalFleet
let clients: FleetClients
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'lander-samples-'))
  local = await startLocalFleet({ dir: join(dir, 'cloud'), regions: REGIONS })
  clients = createFleetClients(local.fleet)
  for (const [doc, { objects }] of Object.entries(PAGES)) {
    await writeFiles(doc)
    for (const [region, files] of Object.entries(objects)) await putObjects(doc, region, files)
  }
})
afterAll(async () => {
  clients?.[Symbol.dispose]()
  await local?.[Symbol.asyncDispose]()
  await rm(dir, { recursive: true, force: true })
})

const nameOf = (doc: string) => doc.toLowerCase().replaceAll(/\W/g, '-')
const bucketOf = (doc: string, region: string) => `${nameOf(doc)}-${region}`

async function putObjects(doc: string, region: string, files: Readonly<Record<string, string>>): Promise<void> {
  const Bucket = bucketOf(doc, region)
  await local.cloud.createBucket(region, Bucket)
  for (const [Key, Body] of Object.entries(files))
    await clients.s3(region).send(new PutObjectCommand({ Bucket, Key, Body }))
}

/** The samples of a page as files beside one another: an agent may import those that have a name. */
async function writeFiles(page: string): Promise<void> {
  await mkdir(join(dir, nameOf(page)))
  for (const { doc, line, text, language, file = `line-${line}.${language}` } of samples)
    if (doc === page) await writeFile(join(dir, nameOf(page), file), text)
}

describe('the agents of the documentation', () => {
  test('are all of them run', () => {
    const notRun = agents.filter(({ expected }) => expected === undefined)
    expect(notRun.map(({ doc, line }) => `${doc}:${line}`)).toEqual([])
    for (const [doc, page] of Object.entries(PAGES))
      expect(agents.filter((agent) => agent.doc === doc)).toHaveLength(page.agents.length)
  })

  test.each(agents.map((agent) => [`${agent.doc}:${agent.line}`, agent]))('run: %s', async (_, agent) => {
    const { doc, line, file = `line-${line}.ts`, expected } = agent
    const { value, ...options } = expected!
    const regions = Object.keys(PAGES[doc]!.objects)
    const scopes = regions.map((region) => ({ bucket: bucketOf(doc, region), prefix: '', actions: ['read'] as const }))
    const pack = await packSigned(join(dir, nameOf(doc), file), local.developer, { scopes })
    const mission = { fleet: local.fleet, clients, file: pack.file, sender: local.developer }
    const answer = await run({ ...mission, ...options })
    expect(answer).toMatchObject({ outcome: 'completed' })
    expect(answer.value).toEqual(value)
  })
})
