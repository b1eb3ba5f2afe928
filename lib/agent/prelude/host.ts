/**
 * The guest's end of the one function that leads to the host. This module is evaluated first, before any code of the
 * author's, and takes the function out of the agent's reach.
 */

/** `id` is 0 when nothing is to come back. Bytes are rare; at boot it takes the prelude's hooks instead, and answers. */
export type HostFunction = (name: string, id: number, request: string, ...rest: readonly unknown[]) => unknown

const PROPERTY = 'lander:host'
const globals = globalThis as unknown as Record<string, unknown>

/** Absent outside of a place, where this module is loaded for its types or in a test. */
export const host = globals[PROPERTY] as HostFunction | undefined
delete globals[PROPERTY]
