/** The executor's thread: compiles the engine once, then runs one agent after the other. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { KernelError } from '../../errors.ts'
import { DEFAULT_LIMITS } from '../../limits.ts'
import { ASSET_FILES } from '../contract/assets.ts'
import { AGENT_MODULE, decodeImage, useImage } from '../engine/boot.ts'
import type { RunMessage, ToExecutor } from '../wire/protocol.ts'
import type { ThreadMessage } from '../wire/thread-message.ts'
import { GuestRun, type KernelFiles } from './guest-run.ts'
import { IdleWorkers } from './idle-workers.ts'
import type { OpenKernelRuntime } from './lazy-kernel-runtime.ts'

/** How long an executor waits for its first run before it loads the code for kernels. */
const IDLE_MS = 200

/** The agent of a warm-up run: V8 compiles the engine lazily, which is most of the cost of a first run. */
const WARM_UP = `import { agent } from '${AGENT_MODULE}'; export default agent(() => 1)`

export function runThread(port: MessagePort = parentPort!, assets: string = workerData.assets): void {
  serveRuns(port, loadEngine(assets), workerData?.sharedFile)
}

/** The compiled engine, and the files that go with it. */
export interface Engine {
  readonly engine: WebAssembly.Module
  readonly prelude: string
  readonly kernels: Pick<KernelFiles, 'load'>
  /** The entry file of a worker thread for kernels. */
  readonly workerFile: string
}

/** Compiles the engine in `assets` and warms it up. */
export function loadEngine(assets: string): Engine {
  const engine = new WebAssembly.Module(readFileSync(join(assets, ASSET_FILES.engine)))
  const prelude = readFileSync(join(assets, ASSET_FILES.prelude), 'utf8')
  useImage({ engine, prelude, compiles: false }, decodeImage(readFileSync(join(assets, ASSET_FILES.image))))
  const workerFile = join(assets, ASSET_FILES.kernels)
  const load = async (): Promise<OpenKernelRuntime> => (await import(pathToFileURL(workerFile).href)).openKernelRuntime
  const loaded = { engine, prelude, kernels: { load }, workerFile }
  void warmUp(loaded)
  return loaded
}

/**
 * Runs the agents that come through a port, until it is closed.
 *
 * @param sharedFile the descriptor of the shared file for chunks, if there is one
 */
export function serveRuns(port: MessagePort, engine: Engine, sharedFile?: number): void {
  let current: { run: number; guest: GuestRun } | undefined
  // A spare executor has time to load the code for kernels in advance.
  const idle = setTimeout(() => void engine.kernels.load(), IDLE_MS).unref()

  const idleWorkers = new IdleWorkers(engine.workerFile)

  function begin(message: RunMessage, body: Uint8Array): void {
    clearTimeout(idle)
    const guest = new GuestRun({
      ...engine,
      kernels: { ...engine.kernels, idleWorkers },
      message,
      body,
      sharedFile,
      send: (header, bytes) => port.postMessage({ header: { ...header, run: message.run }, body: bytes }),
    })
    current = { run: message.run, guest }
    void guest.start()
  }

  port.on('message', ({ header, body }: ThreadMessage<ToExecutor>) => {
    if (header.type === 'run') {
      begin(header, body)
      return
    }
    // A chunk may arrive after its run has ended: drop it.
    if (current?.run !== header.run) return
    if (header.type === 'evict') current.guest.evict()
    else if (header.type === 'saved') current.guest.onSaved()
    else if (header.type === 'kernel') current.guest.onKernel(header.call, body)
    else if (header.type === 'kernel-fault')
      current.guest.onKernel(header.call, new KernelError(header.code, header.message))
    else if (header.type === 'chunk') current.guest.onChunk(header, body)
    else current.guest.onFault(header.stream, header.code, header.message)
  })
  port.on('close', () => {
    current?.guest.abandon()
    idleWorkers.close()
  })
}

/** Runs an agent that does nothing, so that the engine is compiled for the next one. */
async function warmUp(engine: Engine): Promise<void> {
  const main = Buffer.from(WARM_UP)
  const message: RunMessage = {
    type: 'run',
    run: 0,
    entry: 'run',
    context: { mission: '', fleet: '', region: '', regions: [] },
    now: 0,
    seed: [0, 0, 0, 0],
    compiles: false,
    kernels: false,
    limits: DEFAULT_LIMITS,
    mainBytes: main.length,
  }
  await new GuestRun({
    ...engine,
    kernels: { ...engine.kernels, idleWorkers: new IdleWorkers(engine.workerFile) },
    message,
    body: Buffer.concat([main, Buffer.from('null')]),
    send: () => {},
  }).start()
}
