/**
 * Measures what a kernel costs: compiling new sources in the local cloud's compiler function, cold and warm; loading
 * known sources from memory and from disk; and the bytes that a kernel adds to a bundle.
 *
 *     npx tsx bench/compile.ts [--quick] [--check] [--json FILE]
 */
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { packSigned } from '../lib/author/pack-signed.ts'
import { createRemoteCompiler } from '../lib/aws/remote-compiler.ts'
import { createFleetClients } from '../lib/fleet/clients.ts'
import type { KernelLanguage } from '../lib/kernels/language.ts'
import { createKernelLibrary, type KernelLibrary } from '../lib/kernels/library.ts'
import { startLocalFleet } from '../lib/local/local-fleet.ts'
import { generateKey } from '../lib/trust/keys.ts'
import { type BenchResult, benchmark, median, timed } from './support/program.ts'

const REGION = 'eu-west-1'
const THIRTY_LINES = readFileSync(new URL('kernels/thirty.c', import.meta.url), 'utf8')
const THIRTY_LINES_AS = `function mix(h: u32): u32 {
  h ^= h >> 16
  h *= 0x85ebca6b
  h ^= h >> 13
  return h
}
export function fields(text: Uint8Array, separator: u32): u32 {
  let fields = 0
  let quoted = false
  for (let i = 0; i < text.length; i++) {
    if (text[i] == 34) quoted = !quoted
    if (!quoted && text[i] == separator) fields++
  }
  return fields
}
export function digest(text: Uint8Array): u32 {
  let h: u32 = 2166136261
  for (let i = 0; i < text.length; i++) {
    h ^= text[i]
    h *= 16777619
  }
  return mix(h)
}
export function total(values: Float64Array): f64 {
  let sum: f64 = 0
  for (let i = 0; i < values.length; i++) sum += values[i]
  return sum
}
`

/** Sources that differ by a number, so that no cache has them. */
const SOURCES: Readonly<Record<string, [KernelLanguage, (n: number) => string]>> = {
  'fib in C': ['c', (n) => `int fib(int x) { return x < 2 ? x : fib(x - 1) + ${n} + fib(x - 2); }`],
  '30 lines of C': ['c', (n) => THIRTY_LINES.replace('2166136261', `${2_166_136_261 - n}`)],
  'fib in AssemblyScript': [
    'assemblyscript',
    (n) => `export function fib(x: i32): i32 { return x < 2 ? x : fib(x - 1) + ${n} + fib(x - 2) }`,
  ],
  '30 lines of AssemblyScript': [
    'assemblyscript',
    (n) => THIRTY_LINES_AS.replace('2166136261', `${2_166_136_261 - n}`),
  ],
}

await benchmark('compile', async ({ quick }) => {
  const dir = await mkdtemp(join(tmpdir(), 'lander-bench-'))
  try {
    return await measure(dir, quick ? { cold: 1, warmUp: 2, warm: 3 } : { cold: 5, warmUp: 5, warm: 25 })
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
})

async function measure(dir: string, count: { cold: number; warmUp: number; warm: number }): Promise<BenchResult> {
  const rows: { kernel: string; coldMs: number; warmMs: number; knownMs: number; onDiskMs: number }[] = []
  for (const [kernel, [language, sourceOf]] of Object.entries(SOURCES)) {
    const cold = await series(count.cold, async (i) => {
      // A new cloud has no warm instance.
      await using place = await startPlace(join(dir, `${kernel}-${i}`))
      return await timed(() => place.compile(sourceOf(i), language))
    })
    await using place = await startPlace(join(dir, kernel))
    for (let i = 1; i <= count.warmUp; i++) await place.compile(sourceOf(1000 + i), language)
    const warm = await series(count.warm, (i) => timed(() => place.compile(sourceOf(i), language)))
    rows.push({
      kernel,
      coldMs: cold,
      warmMs: warm,
      ...(await measureKnown(place.compile, dir, sourceOf(0), language)),
    })
  }
  const bytes = await bundleBytes(dir)
  const slowest = (key: 'coldMs' | 'warmMs') => Math.max(...rows.map((row) => row[key]))
  return {
    about: 'How long a kernel takes that comes as source: one that no function has seen, and one that is known.',
    promises: [
      { name: 'unseen source, warm compiler function', value: slowest('warmMs'), unit: 'ms', atMost: 300 },
      { name: 'unseen source, cold compiler function', value: slowest('coldMs'), unit: 'ms', atMost: 3000 },
      {
        name: 'known source, warm function',
        value: Math.max(...rows.map((row) => row.knownMs)),
        unit: 'ms',
        atMost: 3.3,
      },
      { name: '30 lines of C in a bundle', value: bytes.binary, unit: 'bytes', atMost: 1024 },
    ],
    figures: { kernels: rows, bundleBytes: bytes },
  }
}

/**
 * Measures the time until a known source's binary is compiled by the engine and linked, and the time to load it from
 * disk.
 */
async function measureKnown(compile: KernelLibrary['binaryOf'], dir: string, source: string, language: KernelLanguage) {
  const options = { compile, folder: join(dir, 'kernels') }
  const library = createKernelLibrary(options)
  await library.binaryOf(source, language)
  const link = async (from: KernelLibrary) =>
    new WebAssembly.Instance(new WebAssembly.Module(await from.binaryOf(source, language)), {})
  return {
    knownMs: await series(25, () => timed(() => link(library))),
    onDiskMs: await series(25, () => timed(() => link(createKernelLibrary(options)))),
  }
}

async function series(count: number, take: (index: number) => Promise<number>): Promise<number> {
  const taken: number[] = []
  for (let i = 0; i < count; i++) taken.push(await take(i))
  return median(taken)
}

async function startPlace(dir: string) {
  const local = await startLocalFleet({ dir, regions: [REGION] })
  const clients = createFleetClients(local.fleet)
  const compile = createRemoteCompiler({ region: REGION, functionName: 'lander-local-compiler' })
  return {
    compile,
    async [Symbol.asyncDispose]() {
      clients[Symbol.dispose]()
      await local[Symbol.asyncDispose]()
    },
  }
}

/** Measures the bytes that the kernel's entries add to the bundle, for each form in which a kernel is sent. */
async function bundleBytes(dir: string): Promise<Record<'binary' | 'source' | 'both', number>> {
  await writeFile(join(dir, 'thirty.c'), THIRTY_LINES)
  const agent = join(dir, 'agent.ts')
  await writeFile(
    agent,
    "import { agent } from 'lander/agent'\nimport { total } from './thirty.c'\nexport default agent(() => total)\n",
  )
  const bytesOf = async (kernels: 'binary' | 'source' | 'both') => {
    const { manifest } = await packSigned(agent, generateKey(), { scopes: [], kernels })
    return manifest.entries.slice(1).reduce((sum, { stored }) => sum + stored, 0)
  }
  return { binary: await bytesOf('binary'), source: await bytesOf('source'), both: await bytesOf('both') }
}
