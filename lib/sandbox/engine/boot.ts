/**
 * What every machine begins as: an engine in which the prelude has been evaluated. That takes eight milliseconds, and
 * seventy in a process that has just started, so it is done once, when a sandbox's files are built; each machine is a
 * copy of the memory as it was then. What a file does not hold is booted once in a process.
 *
 * It is deterministic: the clock stands still and randomness is fixed, so the same engine and prelude give the same
 * memory, byte for byte, on every machine.
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

/** An engine that has booted, as it was before it met an agent. */
export interface BootedImage {
  readonly snapshot: Snapshot
  /** Where the functions are that the prelude has handed over: {@link QuickJS.importHandle} takes them. */
  readonly hooks: Readonly<Record<HookName, number>>
}

/** The functions the prelude hands over at boot, in their order; the last is a typed array. */
const HOOKS = ['settle', 'load', 'start', 'refuse', 'fail', 'arrive', 'values'] as const
export type HookName = (typeof HOOKS)[number]

/** The one module an agent can import. */
export const AGENT_MODULE = 'lander/agent'
export const HOST_PROPERTY = 'lander:host'
export const KERNEL_PROPERTY = 'lander:kernel'
/** What the clock says until a run starts: 2020-01-01. */
export const BOOT_TIME = 1_577_836_800_000
/** The engine's own guard, half of what the binary can hold; beyond it WebAssembly traps. */
const STACK_BYTES = 256 * 1024

const images = new WeakMap<WebAssembly.Module, Map<string, Promise<BootedImage>>>()

/** The image of this engine and prelude: made when it is first asked for. */
export function bootedImage(options: BootOptions): Promise<BootedImage> {
  const image = imagesOf(options).get(keyOf(options)) ?? boot(options)
  imagesOf(options).set(keyOf(options), image)
  return image
}

/** Has machines begin with an image that was made before, of the very same engine and prelude. */
export function useImage(options: BootOptions, image: BootedImage): void {
  imagesOf(options).set(keyOf(options), Promise.resolve(image))
}

function imagesOf({ engine }: BootOptions): Map<string, Promise<BootedImage>> {
  const known = images.get(engine) ?? new Map<string, Promise<BootedImage>>()
  images.set(engine, known)
  return known
}

const keyOf = ({ prelude, compiles }: BootOptions): string => `${compiles} ${prelude}`

/** Most of an image is zeros, and more work makes it little smaller. */
const QUALITY = 9
const LENGTH_BYTES = 4

/** An image as a file: the length of its head, its head as JSON, the memory; compressed. */
export function encodeImage({ snapshot: { memory, ...registers }, hooks }: BootedImage): Uint8Array {
  const head = Buffer.from(JSON.stringify({ hooks, registers }))
  const length = Buffer.alloc(LENGTH_BYTES)
  length.writeUInt32BE(head.length)
  const params = { [constants.BROTLI_PARAM_QUALITY]: QUALITY }
  return brotliCompressSync(Buffer.concat([length, head, memory]), { params })
}

/** Reads what {@link encodeImage} wrote, on the same side of every wall. */
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

/** The prelude's one call at boot: a name, a number and a text like any other's, then the hooks. */
function hooksAmong(vm: QuickJS, [, , , ...given]: readonly JSValueHandle[]): BootedImage['hooks'] {
  const tokens = HOOKS.map((name, index) => [name, vm.exportHandle(given[index]!.dup())] as const)
  return Object.fromEntries(tokens) as BootedImage['hooks']
}

/** How an engine is set up, for booting as for running. */
export function engineOptions(engine: WebAssembly.Module, clock: { readonly now: number }) {
  return {
    wasm: engine,
    wasi: deterministicWasi(clock),
    timezoneOffset: 0,
    // Without WeakRef and FinalizationRegistry the guest can't watch the garbage collector.
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
    // The engine's own messages would go to this process's output.
    fd_write: () => 8,
  })
}
