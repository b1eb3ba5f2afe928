/**
 * Measures what admission, the sandbox and the engine cost: a trivial agent in the local Lambda, relative to a bare
 * handler on the same endpoint, warm and cold, in alternation.
 */
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { InvokeWithResponseStreamCommand, type LambdaClient } from '@aws-sdk/client-lambda'
import { ensureFunctionAsset } from '../lib/assets/function-asset.ts'
import { packSigned } from '../lib/author/pack-signed.ts'
import { createFleetClients } from '../lib/fleet/clients.ts'
import { type LocalFleet, startLocalFleet } from '../lib/local/local-fleet.ts'
import { run } from '../lib/run/run.ts'
import { type BenchResult, benchmark, median, timed } from './support/program.ts'

const REGION = 'eu-west-1'
const BARE = 'bare'
const BARE_HANDLER = `export const handler = awslambda.streamifyResponse(async (event, stream) => {
  stream.write(JSON.stringify(event))
  await new Promise((resolve) => stream.end(resolve))
})
`
const TRIVIAL_AGENT = `import { agent } from 'lander/agent'
export default agent((input: number) => input + 1)
`

await benchmark('overhead', async ({ quick }) => {
  const dir = await mkdtemp(join(tmpdir(), 'lander-bench-'))
  try {
    return await measure(dir, quick ? { warm: 20, cold: 2 } : { warm: 200, cold: 9 })
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
})

async function measure(dir: string, count: { warm: number; cold: number }): Promise<BenchResult> {
  await writeFile(join(dir, 'agent.ts'), TRIVIAL_AGENT)
  const cold = { bare: [] as number[], agent: [] as number[] }
  for (let i = 0; i < count.cold; i++) {
    // A new cloud has no warm instance, so each function's first call is cold.
    await using place = await startPlace(dir)
    cold.bare.push(await timed(place.callBare))
    cold.agent.push(await timed(place.runAgent))
  }
  await using place = await startPlace(dir)
  const warm = { bare: [] as number[], agent: [] as number[] }
  for (let i = 0; i < count.warm + 5; i++) {
    const [bare, agent] = [await timed(place.callBare), await timed(place.runAgent)]
    if (i < 5) continue
    warm.bare.push(bare)
    warm.agent.push(agent)
  }
  const assetBytes = await sizeOf(await ensureFunctionAsset())
  return {
    about: 'What admission, the wall and the engine cost: a trivial agent against a bare handler on the same endpoint.',
    promises: [
      {
        name: 'warm run above a bare handler, p50',
        value: median(warm.agent) - median(warm.bare),
        unit: 'ms',
        atMost: 40,
      },
      {
        name: 'cold run above a bare handler, p50',
        value: median(cold.agent) - median(cold.bare),
        unit: 'ms',
        atMost: 350,
      },
      { name: 'signed bundle of a trivial agent', value: place.bundleBytes, unit: 'bytes', atMost: 1536 },
      { name: 'function asset', value: assetBytes, unit: 'bytes', atMost: 3_000_000 },
    ],
    figures: {
      warmMs: { bare: median(warm.bare), agent: median(warm.agent), runs: count.warm },
      coldMs: { bare: median(cold.bare), agent: median(cold.agent), runs: count.cold },
    },
  }
}

interface Place extends AsyncDisposable {
  readonly bundleBytes: number
  callBare(): Promise<void>
  runAgent(): Promise<void>
}

async function startPlace(dir: string): Promise<Place> {
  const local = await startLocalFleet({ dir: join(dir, 'cloud'), regions: [REGION] })
  await writeFile(join(dir, 'bare.mjs'), BARE_HANDLER)
  await local.cloud.createFunction(REGION, {
    name: BARE,
    codeDir: dir,
    handler: 'bare.handler',
    environment: {},
    timeoutSeconds: 30,
    memoryMb: 1769,
  })
  const clients = createFleetClients(local.fleet)
  const scopes = [{ bucket: 'bench-data', prefix: 'logs/', actions: ['read'] }] as const
  const { file } = await packSigned(join(dir, 'agent.ts'), local.developer, { scopes, fleet: local.fleet.name })
  return {
    bundleBytes: file.length,
    callBare: () => invokeBare(clients.lambda(REGION)),
    runAgent: () => runTrivial(local, clients, file),
    async [Symbol.asyncDispose]() {
      clients[Symbol.dispose]()
      await local[Symbol.asyncDispose]()
    },
  }
}

async function invokeBare(lambda: LambdaClient): Promise<void> {
  const { EventStream = [] } = await lambda.send(
    new InvokeWithResponseStreamCommand({ FunctionName: BARE, Payload: Buffer.from('41') }),
  )
  for await (const _ of EventStream);
}

async function runTrivial(
  { fleet, developer }: LocalFleet,
  clients: ReturnType<typeof createFleetClients>,
  file: Uint8Array,
): Promise<void> {
  const { value } = await run({
    fleet,
    clients,
    file,
    sender: developer,
    input: 41,
    order: { regions: [REGION], scopes: [] },
  })
  if (value !== 42) throw new Error(`the agent answered ${value}`)
}

async function sizeOf(dir: string): Promise<number> {
  const files = await readdir(dir)
  const sizes = await Promise.all(files.map(async (file) => (await stat(join(dir, file))).size))
  return sizes.reduce((sum, size) => sum + size, 0)
}
