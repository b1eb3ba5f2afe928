/** Bytes of a page of WebAssembly memory. */
export const PAGE_BYTES = 65_536

/** The limits of one run. The host enforces each of them outside the sandbox, where the agent can't change them. */
export interface Limits {
  /** Milliseconds that the agent runs, summed over all places. Time between places does not count. */
  readonly wallMs: number
  /** Memory of the engine, in WebAssembly pages of 64 KiB. */
  readonly memoryPages: number
  /** Calls from the agent to the host. */
  readonly hostCalls: number
  /** Bytes that the agent reads from objects. */
  readonly readBytes: number
  /** Bytes of the result as JSON. The host withholds a larger result and never truncates it. */
  readonly resultBytes: number
  /** Bytes of all log lines together. */
  readonly logBytes: number
  /** Bytes of an error's name, message and stack. With 0, no text that the agent wrote leaves the region. */
  readonly errorBytes: number
  /** Bytes of the agent's state when it hops, before compression and sealing. */
  readonly stateBytes: number
  /** Moves from place to place. The moves of copies count too. */
  readonly hops: number
}

/** The name of a limit. The outcome of a run that reaches a limit names it. */
export type LimitName = keyof Limits

/** The limits of a bundle that names none: enough for usual agents, and far below what a function has. */
export const DEFAULT_LIMITS: Limits = {
  wallMs: 60_000,
  memoryPages: 1024,
  hostCalls: 1_000_000,
  readBytes: 2 ** 40,
  resultBytes: 256 * 1024,
  logBytes: 64 * 1024,
  errorBytes: 4 * 1024,
  stateBytes: 4 * 1024 * 1024,
  hops: 64,
}

/** The highest limits that a manifest can have, whatever the key policy says. */
export const MAX_LIMITS: Limits = {
  // A day, because no order is valid for longer. A mission longer than one function call runs in several calls.
  wallMs: 86_400_000,
  memoryPages: 16_384,
  hostCalls: 1_000_000_000,
  readBytes: 2 ** 50,
  resultBytes: 4 * 1024 * 1024,
  logBytes: 1024 * 1024,
  errorBytes: 64 * 1024,
  stateBytes: 64 * 1024 * 1024,
  hops: 1_000_000,
}

/** For each limit, the smaller of the two values. */
export function tightest(a: Limits, b: Limits): Limits {
  const names = Object.keys(a) as LimitName[]
  return Object.fromEntries(names.map((name) => [name, Math.min(a[name], b[name])])) as unknown as Limits
}

/** Limits that a mission uses up over all its landings. Each other limit applies to every landing separately. */
const CONSUMED = ['wallMs', 'hostCalls', 'readBytes', 'logBytes', 'hops'] as const

/** The usage of a mission that has not started. */
export const NOTHING_SPENT: Limits = Object.freeze(
  Object.fromEntries(Object.keys(DEFAULT_LIMITS).map((name) => [name, 0])),
) as unknown as Limits

/** The limits that remain after `spent`. */
export function remaining(limits: Limits, spent: Limits): Limits {
  const left = CONSUMED.map((name) => [name, Math.max(0, limits[name] - spent[name])])
  return { ...limits, ...Object.fromEntries(left) }
}

/** The total usage of two parts of a mission. */
export function addSpent(a: Limits, b: Limits): Limits {
  return { ...NOTHING_SPENT, ...Object.fromEntries(CONSUMED.map((name) => [name, a[name] + b[name]])) }
}

/** Copies of an agent that may be out at the same time. */
export const MAX_COPIES = 64
