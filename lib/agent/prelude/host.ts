/**
 * The functions through which the guest calls the host. This module is evaluated before the author's code and removes
 * them from the global object, so that only the prelude can call them.
 */

/**
 * `id` is 0 for a call without a reply. The only call with a return value is `boot`, which takes the prelude's hooks.
 */
export type HostFunction = (name: string, id: number, request: string, ...rest: readonly unknown[]) => unknown

/** Calls a kernel's function by its number, with its views. Returns whether it succeeded. */
export type KernelHost = (slot: number, ...views: readonly unknown[]) => boolean

const globals = globalThis as unknown as Record<string, unknown>

/** Absent outside of a place, where this module is loaded for its types or by a test. */
export const host = take('lander:host') as HostFunction | undefined
export const kernelHost = take('lander:kernel') as KernelHost | undefined

function take(property: string): unknown {
  const taken = globals[property]
  delete globals[property]
  return taken
}
