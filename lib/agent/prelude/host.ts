/**
 * The guest's end of the functions that lead to the host. This module is evaluated first, before any code of the
 * author's, and takes them out of the agent's reach.
 */

/** `id` is 0 when nothing is to come back. Bytes are rare; at boot it takes the prelude's hooks instead, and answers. */
export type HostFunction = (name: string, id: number, request: string, ...rest: readonly unknown[]) => unknown

/** Calls a kernel's function by its number, with the views it takes. Says whether it went well. */
export type KernelHost = (slot: number, ...views: readonly unknown[]) => boolean

const globals = globalThis as unknown as Record<string, unknown>

/** Absent outside of a place, where this module is loaded for its types or in a test. */
export const host = take('lander:host') as HostFunction | undefined
export const kernelHost = take('lander:kernel') as KernelHost | undefined

function take(property: string): unknown {
  const taken = globals[property]
  delete globals[property]
  return taken
}
