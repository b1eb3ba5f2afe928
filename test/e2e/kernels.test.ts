/** Kernels in every form, by every way, on real parts: packed, compiled where they land, and held against each other. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type PackOptions, packSigned } from '../../lib/author/pack-signed.ts'
import { compress } from '../../lib/encoding/brotli.ts'
import { utf8 } from '../../lib/encoding/bytes.ts'
import { digestOf } from '../../lib/encoding/digest.ts'
import { createFleetClients, type FleetClients } from '../../lib/fleet/clients.ts'
import { type LocalFleet, startLocalFleet } from '../../lib/local/local-fleet.ts'
import { run } from '../../lib/run/run.ts'
import { signBundle } from '../../lib/trust/sign-bundle.ts'
import { lander } from '../support/cli.ts'

const US = 'us-east-1'
const COMPILER = 'lander-local-compiler'

let dir: string
let local: LocalFleet
let clients: FleetClients

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'lander-kernels-e2e-'))
  process.env.XDG_CACHE_HOME = join(dir, 'cache')
  local = await startLocalFleet({ dir: join(dir, 'cloud'), regions: [US], timeoutSeconds: 60 })
  clients = createFleetClients(local.fleet)
  await local.cloud.createBucket(US, 'logs')
  await clients.s3(US).send(new PutObjectCommand({ Bucket: 'logs', Key: 'a.log', Body: 'one\ntwo\nthree\n' }))
  await writeFile(join(dir, 'lines.c'), LINES)
  await writeFile(join(dir, 'mean.as.ts'), MEAN)
})

afterAll(async () => {
  clients[Symbol.dispose]()
  await local[Symbol.asyncDispose]()
  await rm(dir, { recursive: true, force: true })
})

const LINES = `#include <stddef.h>
size_t lines(const unsigned char *text, size_t length) {
  size_t n = 0;
  for (size_t i = 0; i < length; i++) n += text[i] == 10;
  return n;
}
`
const MEAN = `export function mean(xs: Float64Array): f64 {
  let total: f64 = 0
  for (let i = 0; i < xs.length; i++) total += xs[i]
  return total / xs.length
}
`
/** All of them in one agent: C and AssemblyScript from files, and a literal. */
const MIX = `
import { agent, defc, here } from 'lander/agent'
import { lines } from './lines.c'
import { mean } from './mean.as.ts'

export default agent(async () => {
  const fib = await defc('fib', 'int(int)', 'int fib(int x) { return x < 2 ? x : fib(x - 1) + fib(x - 2); }')
  let n = 0
  for await (const chunk of (await here.open('a.log')).chunks()) n += lines(chunk)
  return [n, mean(Float64Array.of(1, 2, 6)), fib(20)]
})
`

async function pack(text: string, options: Partial<PackOptions> = {}) {
  const path = join(dir, `agent-${Math.random().toString(36).slice(2)}.ts`)
  await writeFile(path, text)
  return packSigned(path, local.developer, { scopes: [{ bucket: 'logs', prefix: '', actions: ['read'] }], ...options })
}

const launch = (file: Uint8Array) => run({ fleet: local.fleet, clients, file, sender: local.developer })

/** How often the region's compiler was asked. */
const compiles = () => local.cloud.functionLogs(US, COMPILER).match(/^REPORT /gm)?.length ?? 0

describe('an agent with kernels', () => {
  test.each(['binary', 'source', 'both'] as const)('gets the same answer when they come as %s', async (kernels) => {
    const { file } = await pack(MIX, { kernels })
    const answer = await launch(file)
    expect(answer.regions[0]?.error ?? answer.regions[0]?.landingResult?.outcome).toEqual({
      kind: 'completed',
      value: [3, 3, 6765],
    })
  })

  test('has a source compiled once in a region', async () => {
    const before = compiles()
    const text = MIX.replace('fib(20)', 'fib(21)').replace('int fib(int x)', 'int fib(int  x)')
    const { file } = await pack(text, { kernels: 'source' })
    for (let i = 0; i < 2; i++) expect((await launch(file)).value).toEqual([3, 3, 10_946])
    expect(compiles() - before).toBe(1)
    const agents = local.fleet.regions[0]!.agentBucket
    const { Contents = [] } = await clients
      .s3(US)
      .send(new ListObjectsV2Command({ Bucket: agents, Prefix: 'kernels/' }))
    expect(Contents).toHaveLength(4)
  })

  test('is refused when a binary is not what its source compiles to', async () => {
    const { manifest, kernels } = await pack(MIX, { kernels: 'both' })
    const other = await pack(MIX.replace('x < 2', 'x < 3'), { kernels: 'both' })
    const parts = new Map<string, Uint8Array>()
    const entries = manifest.entries.map((entry) => {
      const bytes = entry.name === 'fib.wasm' ? other.kernels.at(-1)!.binary : original(entry.name)
      const stored = compress(bytes)
      parts.set(entry.name, stored)
      return { ...entry, bytes: bytes.length, stored: stored.length, sha256: digestOf(stored) }
    })
    function original(name: string): Uint8Array {
      if (name === 'main.js') return utf8('export default () => 1')
      const kernel = kernels.find((each) => name.startsWith(`${each.name}.`))!
      return name.endsWith('.wasm') ? kernel.binary : utf8(kernel.source!.text)
    }
    const file = signBundle({ manifest: { ...manifest, entries }, parts }, [local.developer])
    const { regions } = await launch(file)
    expect(regions[0]?.error).toMatchObject({
      situation: 'refused',
      code: 'KERNEL_MISMATCH',
      message: 'kernel "fib" is not what its source compiles to',
    })
  })
})

describe('source that is made at run time', () => {
  const SWAP = `
import { agent, defc } from 'lander/agent'
export default agent(async () => {
  const source = (plus: string) => 'int fib(int x) { return x < 2 ? x : fib(x - 1) ' + plus + ' fib(x - 2); }'
  const before = (await defc('fib', 'int(int)', source('+')))(2)
  const after = (await defc('fib', 'int(int)', source('+998+')))(2)
  const wrong = await defc('fib', 'int(int)', source('+ y +')).catch((e) => [e.code, e.message])
  const other = await defc('f', 'int(int)', source('+').replace('fib', 'g')).catch((e) => e.code)
  return [before, after, wrong, other]
})
`

  test('is compiled where the manifest and the keys’ policies allow it', async () => {
    const { file } = await pack(SWAP, { compiles: true })
    const { regions } = await launch(file)
    expect(regions[0]?.landingResult?.outcome).toEqual({
      kind: 'completed',
      value: [
        1,
        999,
        ['KERNEL_COMPILE_FAILED', expect.stringContaining("kernel.c:1:50: error: use of undeclared identifier 'y'")],
        'KERNEL_COMPILE_FAILED',
      ],
    })
  })

  test('is not where the manifest does not say so', async () => {
    const text = SWAP.replace(
      'const before',
      "return defc('f', 'int(int)', source('+')).catch((e) => e.code)\n  const before",
    )
    const { file } = await pack(text)
    expect((await launch(file)).value).toBe('KERNEL_NOT_ALLOWED')
  })
})

describe('the command line', () => {
  const DATA = ['--data', 's3://logs/']
  const command = (...args: string[]) =>
    lander(args, {
      cwd: dir,
      env: {
        LANDER_HOME: join(dir, 'home'),
        AWS_ENDPOINT_URL: local.cloud.endpoint,
        AWS_ACCESS_KEY_ID: 'local',
        AWS_SECRET_ACCESS_KEY: 'local',
      },
    })
  const KEY = () => ['--key', local.files.developerKey]

  test('packs kernels in the form that is asked for, with declarations, and runs the bundle', async () => {
    await writeFile(join(dir, 'mix.ts'), MIX)
    const { json } = await command('pack', 'mix.ts', ...DATA, ...KEY(), '--kernels', 'both', '--types', '--json')
    expect(json.entries.map(({ name }: { name: string }) => name)).toEqual([
      ...['main.js', 'lines.wasm', 'lines.c', 'mean.wasm', 'mean.as.ts', 'fib.wasm', 'fib.c'],
    ])
    expect(await readFile(join(dir, 'lines.d.c.ts'), 'utf8')).toContain(
      "export declare const lines: KernelFunction<'size_t(const uint8_t*, size_t)'>",
    )
    const ran = await command('run', 'mix.lander', '--fleet', local.files.fleet, ...KEY(), '--place', 'data', '--json')
    expect(ran.json.value).toEqual([3, 3, 6765])
  })

  test('runs an agent whose kernels are compiled where it lands', async () => {
    await writeFile(join(dir, 'mix.ts'), MIX)
    const how = ['--fleet', local.files.fleet, ...KEY(), '--place', 'data', '--kernels', 'source', '--json']
    expect((await command('run', 'mix.ts', ...DATA, ...how)).json.value).toEqual([3, 3, 6765])
  })

  test('tells C that does not compile in the compiler’s words, and ends with 2', async () => {
    await writeFile(join(dir, 'wrong.c'), 'int f(int x) {\n  return y;\n}\n')
    await writeFile(
      join(dir, 'wrong.ts'),
      "import { agent } from 'lander/agent'\nimport { f } from './wrong.c'\nexport default agent(() => f(1))\n",
    )
    const { status, stderr } = await command('pack', 'wrong.ts', ...DATA, ...KEY())
    expect(status).toBe(2)
    expect(stderr).toContain("KERNEL_COMPILE_FAILED: wrong.c:2:10: error: use of undeclared identifier 'y'")
  })
})
