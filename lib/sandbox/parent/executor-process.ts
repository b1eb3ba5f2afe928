import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { ASSET_FILES } from '../contract/assets.ts'
import type { Executor, ExecutorListener } from '../wire/executor.ts'
import { byteLength, encodeFrame, FrameError, type FrameLimits, FrameReader } from '../wire/frames.ts'
import { type ChunkMessage, FILED_CHUNK_BYTES, HEADER_BYTES, type ToExecutor } from '../wire/protocol.ts'
import { ChunkFile } from './chunk-file.ts'

/**
 * How Node starts an executor. The walls that count are the engine and the process; these are cheap ones on top:
 *
 * - no code from strings, so what breaks out of the engine finds no `eval` outside either;
 * - Node's permission model: no files but the sandbox's own, no writing, no processes, no native code.
 *
 * V8's dynamic tiering stays on: without it the whole engine is optimised at every start, half of a cold one. Modules
 * of guests are compiled with `--no-wasm-dynamic-tiering` (executor/kernels/module.ts), or a long `memory.fill` of theirs
 * could not be ended; the engine's own loops can.
 */
function flagsFor(assets: string): string[] {
  const permission = process.allowedNodeEnvironmentFlags.has('--permission')
    ? '--permission'
    : '--experimental-permission'
  const files = join(assets, '*')
  return ['--disallow-code-generation-from-strings', permission, `--allow-fs-read=${files}`, '--allow-worker']
}

/** The descriptor of the file it shares with an executor, there. */
const SHARED_FILE = 4
/** A smaller chunk is as fast through the pipe. */
const LEAST_FILED = 64 * 1024

/**
 * One executor: a child process with an empty environment and one pipe. It may be in an agent's hands, so nothing it
 * sends is trusted, and nothing but its end is ever waited for.
 */
export class ExecutorProcess implements Executor {
  readonly #child: ChildProcess
  readonly #pipe: Duplex
  readonly #file = ChunkFile.open()
  #listener: ExecutorListener | undefined
  #bodyBytes = 0
  #lost = false

  /** @param assets the folder of the sandbox's files, without symbolic links on the way */
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

  /** Gives the executor to a run, which may receive bodies of up to `bodyBytes`. */
  listen(listener: ExecutorListener, bodyBytes: number): void {
    this.#listener = listener
    this.#bodyBytes = bodyBytes
  }

  /** The run is over: whatever the executor says from now on is out of turn. */
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

  /** Ends the process at once. It has nothing to save. */
  kill(): void {
    this.#child.kill('SIGKILL')
    this.#lose()
  }

  /** Resolves when the process is gone. */
  async gone(): Promise<void> {
    if (this.#child.pid === undefined || this.#child.exitCode !== null || this.#child.signalCode !== null) return
    await new Promise((resolve) => this.#child.once('exit', resolve))
  }

  /** Whether the process and its pipe keep this process alive: only while a run waits for it. */
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
