/** The ceilings of one run. Each is enforced on the host's side of the wall, where the guest can't reach it. */
export interface Limits {
  /** Wall time from start to outcome, in all places together; the way between them does not count. */
  readonly wallMs: number
  /** Engine memory, in WebAssembly pages of 64 KiB. */
  readonly memoryPages: number
  /** Calls from the agent to the host. */
  readonly hostCalls: number
  /** Bytes read from objects. */
  readonly readBytes: number
  /** Bytes of the result as JSON. A larger result is withheld, never cut. */
  readonly resultBytes: number
  /** Bytes of log lines, in sum. */
  readonly logBytes: number
  /** Bytes of an error's text; 0 lets no guest text out. */
  readonly errorBytes: number
  /** Bytes of an agent's state when it hops, before it is compressed and sealed. */
  readonly stateBytes: number
  /** Moves from place to place, copies included. */
  readonly hops: number
}

/** The names of the {@link Limits}; a run that hits one is stopped by that name. */
export type LimitName = keyof Limits

/** Generous for an honest agent, far below what a function has. */
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

/** No manifest may ask for more, whatever a policy says. */
export const MAX_LIMITS: Limits = {
  // A day: no order lives longer. What a function can't run in one go, its agent runs in several.
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

/** Limit by limit, the smaller of two. */
export function tightest(a: Limits, b: Limits): Limits {
  const names = Object.keys(a) as LimitName[]
  return Object.fromEntries(names.map((name) => [name, Math.min(a[name], b[name])])) as unknown as Limits
}

/** Limits that a mission uses up as it goes; the others hold for each run, or each message, by itself. */
const CONSUMED = ['wallMs', 'hostCalls', 'readBytes', 'logBytes', 'hops'] as const

/** Nothing used yet. */
export const NOTHING_SPENT: Limits = Object.freeze(
  Object.fromEntries(Object.keys(DEFAULT_LIMITS).map((name) => [name, 0])),
) as unknown as Limits

/** What is left of the limits after `spent`. */
export function remaining(limits: Limits, spent: Limits): Limits {
  const left = CONSUMED.map((name) => [name, Math.max(0, limits[name] - spent[name])])
  return { ...limits, ...Object.fromEntries(left) }
}

/** The sum of what two parts of a mission used. */
export function addSpent(a: Limits, b: Limits): Limits {
  return { ...NOTHING_SPENT, ...Object.fromEntries(CONSUMED.map((name) => [name, a[name] + b[name]])) }
}
/** Copies of an agent that are sent at once. */
export const MAX_COPIES = 64
