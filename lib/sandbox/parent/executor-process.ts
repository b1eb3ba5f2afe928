import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { ASSET_FILES } from '../contract/assets.ts'
import type { Executor, ExecutorListener } from '../wire/executor.ts'
import { byteLength, encodeFrame, FrameError, type FrameLimits, FrameReader } from '../wire/frames.ts'
import { type ChunkMessage, FILED_CHUNK_BYTES, HEADER_BYTES, type ToExecutor } from '../wire/protocol.ts'
import { ChunkFile } from './chunk-file.ts'

/**
 * The Node flags of an executor. Engine and process are the real walls; these flags are cheap additional ones:
 *
 * - no code from strings, so code that escapes from the engine finds no `eval` either;
 * - Node's permission model: it may read only the sandbox's files, and it may not write, start processes or load native
 *   code.
 *
 * V8's dynamic tiering stays on, because otherwise V8 optimises the whole engine at every start, which takes half of a
 * cold start. Kernels are compiled with `--no-wasm-dynamic-tiering` (executor/kernels/module.ts): with tiering, V8
 * could not interrupt a long `memory.fill` of theirs.
 */
function flagsFor(assets: string): string[] {
  const permission = process.allowedNodeEnvironmentFlags.has('--permission')
    ? '--permission'
    : '--experimental-permission'
  const files = join(assets, '*')
  return ['--disallow-code-generation-from-strings', permission, `--allow-fs-read=${files}`, '--allow-worker']
}

/** The descriptor of the shared file, in the executor. */
const SHARED_FILE = 4
/** Smaller chunks are just as fast through the pipe. */
const LEAST_FILED = 64 * 1024

/**
 * One executor: a child process with an empty environment and one pipe. An agent may have taken it over, so this class
 * trusts nothing that it sends, and waits for nothing but its exit.
 */
export class ExecutorProcess implements Executor {
  readonly #child: ChildProcess
  readonly #pipe: Duplex
  readonly #file = ChunkFile.open()
  #listener: ExecutorListener | undefined
  #bodyBytes = 0
  #lost = false

  /** @param assets the folder of the sandbox's files, as a path without symbolic links */
  constructor(assets: string) {
    const shared = this.#file === undefined ? [] : [this.#file.readable]
    const inherited = ['ignore', 'ignore', 'ignore', 'pipe', ...shared] satisfies StdioOptions
    const args = [...flagsFor(assets), join(assets, ASSET_FILES.executor), ...shared.map(() => `${SHARED_FILE}`)]
    this.#child = spawn(process.execPath, args, { cwd: assets, env: {}, stdio: inherited })
    this.#file?.closeReadable()
    this.#pipe = this.#child.stdio[3] as Duplex
    const limits = (): FrameLimits => ({ headerBytes: HEADER_BYTES, bodyBytes: this.#bodyBytes })
    const frames = new FrameReader(limits)
    this.#pipe.on('data', (piece: Buffer) => this.#receive(frames, piece))
    this.#pipe.on('error', () => this.#lose())
    this.#child.on('error', () => this.#lose())
    this.#child.on('exit', () => this.#lose())
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  get lost(): boolean {
    return this.#lost
  }

  /** Assigns the executor to a run, which accepts bodies of up to `bodyBytes`. */
  listen(listener: ExecutorListener, bodyBytes: number): void {
    this.#listener = listener
    this.#bodyBytes = bodyBytes
  }

  /** Ends the assignment to a run. Any later message of the executor is a protocol violation. */
  release(): void {
    this.#listener = undefined
    this.#bodyBytes = 0
  }

  send(message: ToExecutor, ...body: readonly Uint8Array[]): void {
    if (this.#lost) return
    const [head, ...pieces] = encodeFrame(message, ...body)
    this.#pipe.cork()
    this.#pipe.write(head!)
    for (const piece of pieces) this.#pipe.write(piece)
    this.#pipe.uncork()
  }

  sendChunk(message: ChunkMessage, pieces: readonly Uint8Array[], place?: number): void {
    if (this.#lost) return
    const bytes = byteLength(pieces)
    const filed = place !== undefined && bytes >= LEAST_FILED && this.#file?.write(place * FILED_CHUNK_BYTES, pieces)
    if (filed) this.send({ ...message, filed: bytes })
    else this.send(message, ...pieces)
  }

  /** Kills the process at once. It has nothing to save. */
  kill(): void {
    this.#child.kill('SIGKILL')
    this.#lose()
  }

  /** Resolves when the process is gone. */
  async gone(): Promise<void> {
    if (this.#child.pid === undefined || this.#child.exitCode !== null || this.#child.signalCode !== null) return
    await new Promise((resolve) => this.#child.once('exit', resolve))
  }

  /** Whether the executor keeps this process alive: only during a run. */
  hold(held: boolean): void {
    const pipe = this.#pipe as Duplex & { ref(): void; unref(): void }
    for (const handle of [this.#child, pipe]) held ? handle.ref() : handle.unref()
  }

  #receive(frames: FrameReader, piece: Buffer): void {
    try {
      for (const frame of frames.push(piece)) {
        if (this.#lost) return
        if (this.#listener === undefined) throw new FrameError('out of turn')
        this.#listener.onFrame(frame)
      }
    } catch {
      this.kill()
    }
  }

  #lose(): void {
    if (this.#lost) return
    this.#lost = true
    this.#pipe.destroy()
    this.#file?.close()
    this.#listener?.onLost()
  }
}
