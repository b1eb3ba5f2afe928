/** A guest without a sandbox around it, with which hops are measured. */
import { Machine } from '../../lib/sandbox/engine/machine.ts'

/** A request of the guest: name, number, payload. */
export type Asked = readonly [name: string, id: number, request: string]

export interface GuestOptions {
  readonly engine: WebAssembly.Module
  readonly prelude: string
  readonly memoryPages: number
  /** Every request of the guest is appended here. */
  readonly asked: Asked[]
}

/** Boots a guest whose requests are recorded and not answered. */
export function bootGuest({ engine, prelude, memoryPages, asked }: GuestOptions): Promise<Machine> {
  return Machine.boot({
    engine,
    prelude,
    memoryPages,
    compiles: false,
    hostCall: (...call) => asked.push([call[0], call[1], call[2]]),
    kernelCall: () => false,
    expired: () => false,
    onStop: ({ kind }) => {
      throw new Error(kind)
    },
  })
}
