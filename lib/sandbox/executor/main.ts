/**
 * The executor: a child process without credentials or environment. Its main thread owns the pipe and the clock, the
 * thread inside runs the agent. When the thread does not come back by itself, the main thread ends it.
 */
import { Socket } from 'node:net'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isMainThread, Worker } from 'node:worker_threads'
import { encodeFrame, type Frame, FrameReader } from '../frames.ts'
import type { FromExecutor, ToExecutor } from '../protocol.ts'
import { runThread, type ThreadMessage } from './thread.ts'

/** The first descriptor after the standard three. */
const PIPE = 3
const GIBIBYTE = 2 ** 30
/** How long the thread may take to notice its deadline by itself. */
const GRACE_MS = 60

function runMain(): void {
  const file = fileURLToPath(import.meta.url)
  const pipe = new Socket({ fd: PIPE, readable: true, writable: true })
  const thread = new Worker(file, { workerData: { assets: dirname(file) }, resourceLimits: { stackSizeMb: 4 } })
  let deadline: NodeJS.Timeout | undefined
  let wallMs = 0

  function send(header: object, body?: Uint8Array): void {
    pipe.cork()
    for (const piece of encodeFrame(header, ...(body === undefined ? [] : [body]))) pipe.write(piece)
    pipe.uncork()
  }

  async function terminate(run: number): Promise<void> {
    await thread.terminate()
    send({ type: 'end', run, kind: 'wallMs', memoryPages: 0, healthy: false })
  }

  function receive(frame: Frame): void {
    const header = frame.header as ToExecutor
    if (header.type === 'run') wallMs = header.limits.wallMs
    thread.postMessage({ header, body: frame.body }, [frame.body.buffer])
  }

  thread.on('message', ({ header, body }: ThreadMessage<FromExecutor>) => {
    if (header.type === 'started') deadline = setTimeout(terminate, wallMs + GRACE_MS, header.run)
    if (header.type === 'end') clearTimeout(deadline)
    send(header, body)
  })
  const frames = new FrameReader({ headerBytes: GIBIBYTE, bodyBytes: GIBIBYTE })
  pipe.on('data', (piece: Buffer) => {
    for (const frame of frames.push(piece)) receive(frame)
  })
  // Without the sandbox there is nothing to do, and nobody to report a broken thread to but its own exit.
  pipe.on('close', () => process.exit(0))
  pipe.on('error', () => process.exit(1))
  thread.on('error', () => process.exit(1))
}

if (isMainThread) runMain()
else runThread()
