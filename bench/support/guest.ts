/** A machine without a sandbox around it: what hops are measured with. */
import { Machine } from '../../lib/sandbox/engine/machine.ts'

/** What a guest asked for: name, number, request. */
export type Asked = readonly [name: string, id: number, request: string]

export interface GuestOptions {
  readonly engine: WebAssembly.Module
  readonly prelude: string
  readonly memoryPages: number
  /** Everything that the guest asks is put here. */
  readonly asked: Asked[]
}

/** Boots a machine whose calls are written down and answered by nobody. */
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
