/**
 * The executor: a child process without credentials or environment. Its main thread owns the pipe and the deadline.
 * Another thread runs the agent, and worker threads run kernels. If the agent's thread does not end in time, the main
 * thread terminates it.
 */
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { ASSET_FILES } from '../contract/assets.ts'
import type { FromExecutor, ToExecutor } from '../wire/protocol.ts'
import type { ThreadMessage } from '../wire/thread-message.ts'
import { ExecutorPipe } from './pipe.ts'

/** The first descriptor after the standard three. */
const PIPE = 3
/** How long after the deadline the thread may still end by itself. */
const GRACE_MS = 60

function runMain(): void {
  const assets = dirname(fileURLToPath(import.meta.url))
  // The descriptor of the shared file. Absent if the sandbox could not create one.
  const sharedFile = process.argv[2] === undefined ? undefined : Number(process.argv[2])
  const thread = new Worker(join(assets, ASSET_FILES.thread), {
    workerData: { assets, sharedFile },
    resourceLimits: { stackSizeMb: 4 },
  })
  let deadline: NodeJS.Timeout | undefined
  let wallMs = 0

  const pipe = new ExecutorPipe({
    fd: PIPE,
    onFrame({ header, body }) {
      const message = header as ToExecutor
      if (message.type === 'run') wallMs = message.limits.wallMs
      thread.postMessage({ header: message, body }, [body.buffer])
    },
  })

  async function terminate(run: number): Promise<void> {
    await thread.terminate()
    pipe.send({ type: 'end', run, kind: 'wallMs', memoryPages: 0, healthy: false })
  }

  thread.on('message', ({ header, body }: ThreadMessage<FromExecutor>) => {
    if (header.type === 'started') deadline = setTimeout(terminate, wallMs + GRACE_MS, header.run)
    if (header.type === 'end') clearTimeout(deadline)
    pipe.send(header, body)
  })
  // A broken thread is reported by the exit of this process.
  thread.on('error', () => process.exit(1))
}

runMain()
