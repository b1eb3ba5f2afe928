/** The executor's thread: compiles the engine once, then carries out one run after the other. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { ASSET_FILES } from '../engine.ts'
import type { RunMessage, ToExecutor } from '../protocol.ts'
import { GuestRun } from './guest-run.ts'

/** What passes between the executor's main thread and this one. */
export interface ThreadMessage<Header> {
  readonly header: Header
  readonly body: Uint8Array
}

export function runThread(port: MessagePort = parentPort!, assets: string = workerData.assets): void {
  const engine = new WebAssembly.Module(readFileSync(join(assets, ASSET_FILES.engine)))
  const prelude = readFileSync(join(assets, ASSET_FILES.prelude), 'utf8')
  let current: { run: number; guest: GuestRun } | undefined

  function begin(message: RunMessage, body: Uint8Array): void {
    const guest = new GuestRun({
      engine,
      prelude,
      message,
      body,
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
    if (header.type === 'chunk') current.guest.onChunk(header.stream, body, header.last)
    else current.guest.onFault(header.stream, header.code, header.message)
  })
}
