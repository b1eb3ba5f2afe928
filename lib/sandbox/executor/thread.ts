/** The executor's thread: compiles the engine once, then carries out one run after the other. */
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

/** How long an executor waits for its first run before it gets ready for more than most agents need. */
const IDLE_MS = 200

/** What a new engine does once for practice: compiling it lazily is most of the cost of a first run. */
const PRACTICE = `import { agent } from '${AGENT_MODULE}'; export default agent(() => 1)`

export function runThread(port: MessagePort = parentPort!, assets: string = workerData.assets): void {
  serveRuns(port, loadEngine(assets), workerData?.sharedFile)
}

/** The engine, compiled, and what is evaluated in it first. */
export interface Engine {
  readonly engine: WebAssembly.Module
  readonly prelude: string
  readonly kernels: Pick<KernelFiles, 'load'>
  /** The file that a thread for kernels starts with. */
  readonly workerFile: string
}

/** Compiles the engine in `assets` and tries it out. */
export function loadEngine(assets: string): Engine {
  const engine = new WebAssembly.Module(readFileSync(join(assets, ASSET_FILES.engine)))
  const prelude = readFileSync(join(assets, ASSET_FILES.prelude), 'utf8')
  useImage({ engine, prelude, compiles: false }, decodeImage(readFileSync(join(assets, ASSET_FILES.image))))
  const workerFile = join(assets, ASSET_FILES.kernels)
  const load = async (): Promise<OpenKernelRuntime> => (await import(pathToFileURL(workerFile).href)).openKernelRuntime
  const loaded = { engine, prelude, kernels: { load }, workerFile }
  void practise(loaded)
  return loaded
}

/**
 * Carries out the runs that come through a port, until it is closed.
 *
 * @param sharedFile the descriptor of the file that chunks come in, if there is one
 */
export function serveRuns(port: MessagePort, engine: Engine, sharedFile?: number): void {
  let current: { run: number; guest: GuestRun } | undefined
  // A spare executor has the time to read what kernels need; one that is wanted at once has not.
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
    // A chunk may still be on its way when a run ends; it belongs to nobody then.
    if (current?.run !== header.run) return
    if (header.type === 'evict') current.guest.evict()
    else if (header.type === 'kept') current.guest.onKept()
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

/** Boots, loads and calls an agent that does nothing, so the next one finds the engine compiled. */
async function practise(engine: Engine): Promise<void> {
  const main = Buffer.from(PRACTICE)
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
