/**
 * The booted engine: the memory after the prelude has been evaluated. Booting takes 8 ms, and 70 ms in a new process.
 * So it is done once, when the sandbox's files are built, and every machine starts as a copy of that image. Variants
 * that are not in the file are booted once per process.
 *
 * Booting is deterministic: with a fixed clock and fixed randomness, the same engine and prelude give the same memory,
 * byte for byte, on every computer.
 */
import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib'
import { EvalFlags, Intrinsics, type JSValueHandle, QuickJS, type QuickJSOptions, type Snapshot } from 'quickjs-wasi'

export interface BootOptions {
  readonly engine: WebAssembly.Module
  /** Source of the prelude, the module `lander/agent`. */
  readonly prelude: string
  /** Whether the guest may compile code at run time. */
  readonly compiles: boolean
}

/** The memory of an engine that has booted and has not loaded an agent. */
export interface BootedImage {
  readonly snapshot: Snapshot
  /** Tokens for the hooks of the prelude, which {@link QuickJS.importHandle} turns into handles. */
  readonly hooks: Readonly<Record<HookName, number>>
}

/** The hooks that the prelude passes at boot, in order. The last one is a typed array, the others are functions. */
const HOOKS = ['settle', 'load', 'start', 'refuse', 'fail', 'arrive', 'values'] as const
export type HookName = (typeof HOOKS)[number]

/** The only module that an agent can import. */
export const AGENT_MODULE = 'lander/agent'
export const HOST_PROPERTY = 'lander:host'
export const KERNEL_PROPERTY = 'lander:kernel'
/** The time that the clock shows until a run starts: 2020-01-01. */
export const BOOT_TIME = 1_577_836_800_000
/** The engine's stack limit: half of the binary's stack, beyond which WebAssembly traps. */
const STACK_BYTES = 256 * 1024

const images = new WeakMap<WebAssembly.Module, Map<string, Promise<BootedImage>>>()

/** The image of an engine and a prelude. Booted on the first call, then cached. */
export function bootedImage(options: BootOptions): Promise<BootedImage> {
  const image = imagesOf(options).get(keyOf(options)) ?? boot(options)
  imagesOf(options).set(keyOf(options), image)
  return image
}

/** Puts an image of the same engine and prelude into the cache. */
export function useImage(options: BootOptions, image: BootedImage): void {
  imagesOf(options).set(keyOf(options), Promise.resolve(image))
}

function imagesOf({ engine }: BootOptions): Map<string, Promise<BootedImage>> {
  const known = images.get(engine) ?? new Map<string, Promise<BootedImage>>()
  images.set(engine, known)
  return known
}

const keyOf = ({ prelude, compiles }: BootOptions): string => `${compiles} ${prelude}`

/** The Brotli quality. Images are mostly zeros, so a higher quality saves little. */
const QUALITY = 9
const LENGTH_BYTES = 4

/** An image as a file: length of the head, head as JSON, memory; all compressed. */
export function encodeImage({ snapshot: { memory, ...registers }, hooks }: BootedImage): Uint8Array {
  const head = Buffer.from(JSON.stringify({ hooks, registers }))
  const length = Buffer.alloc(LENGTH_BYTES)
  length.writeUInt32BE(head.length)
  const params = { [constants.BROTLI_PARAM_QUALITY]: QUALITY }
  return brotliCompressSync(Buffer.concat([length, head, memory]), { params })
}

/** Decodes an image. Its file is trusted, since it is built and deployed with the sandbox. */
export function decodeImage(file: Uint8Array): BootedImage {
  const bytes = brotliDecompressSync(file)
  const end = LENGTH_BYTES + bytes.readUInt32BE()
  const { hooks, registers } = JSON.parse(bytes.toString('utf8', LENGTH_BYTES, end))
  return { hooks, snapshot: { ...registers, memory: bytes.subarray(end) } }
}

async function boot({ engine, prelude, compiles }: BootOptions): Promise<BootedImage> {
  const vm = await QuickJS.create(engineOptions(engine, { now: BOOT_TIME }))
  let hooks: BootedImage['hooks'] | undefined
  const onHostCall = (...args: JSValueHandle[]): JSValueHandle => {
    hooks = hooksAmong(vm, args)
    return compiles ? vm.true : vm.false
  }
  for (const [name, call] of [
    [HOST_PROPERTY, onHostCall],
    [KERNEL_PROPERTY, () => vm.false],
  ] as const)
    vm.newFunction(name, call).consume((handle) => vm.setProp(vm.global, name, handle))
  vm.evalCode(prelude, AGENT_MODULE, EvalFlags.TYPE_MODULE).dispose()
  vm.executePendingJobs()
  if (hooks === undefined) throw new Error('the prelude did not hand over its hooks')
  const snapshot = vm.snapshot()
  vm.dispose()
  return { snapshot, hooks }
}

/** The hooks among the arguments of the prelude's call `boot`, after name, number and text. */
function hooksAmong(vm: QuickJS, [, , , ...given]: readonly JSValueHandle[]): BootedImage['hooks'] {
  const tokens = HOOKS.map((name, index) => [name, vm.exportHandle(given[index]!.dup())] as const)
  return Object.fromEntries(tokens) as BootedImage['hooks']
}

/** The options of an engine, both for booting and for running. */
export function engineOptions(engine: WebAssembly.Module, clock: { readonly now: number }) {
  return {
    wasm: engine,
    wasi: deterministicWasi(clock),
    timezoneOffset: 0,
    // Without WeakRef and FinalizationRegistry the guest can't observe the garbage collector.
    intrinsics: Intrinsics.ALL & ~Intrinsics.WEAK_REF,
    maxStackSize: STACK_BYTES,
    moduleLoader: { load: refuseModule },
  } satisfies QuickJSOptions
}

function refuseModule(name: string): string {
  throw new Error(`an agent can import "${AGENT_MODULE}" only, not "${name}"`)
}

function deterministicWasi(clock: { readonly now: number }) {
  return (memory: WebAssembly.Memory) => ({
    clock_time_get(_clock: number, _precision: bigint, result: number) {
      new DataView(memory.buffer).setBigUint64(result, BigInt(Math.floor(clock.now)) * 1_000_000n, true)
      return 0
    },
    random_get(pointer: number, length: number) {
      new Uint8Array(memory.buffer, pointer, length).fill(0)
      return 0
    },
    // Discards the engine's messages, which would go to the output of this process.
    fd_write: () => 8,
  })
}
